"""The PyTorch backend keeps the contract."""

from __future__ import annotations

from specnet.testing.contract import BackendContract


class TestTorch(BackendContract):
    backend = "torch"
