"""`softsign`: x / (1 + |x|)."""

from __future__ import annotations

from specnet.layers.functions import ActivationFunction


class Softsign(ActivationFunction):
    """x / (1 + |x|)."""
