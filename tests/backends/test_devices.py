"""PyTorch's groups on GPUs, which are pretended on the CPU: see tests/support/pretend_cuda.cpp."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.pretend_build import built, missing

TESTS = Path(__file__).parent.parent
SUITES = TESTS / "support" / "devices"


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.parametrize("suite", ["contract", "order", "steps", "training"])
def test_on_pretend_gpus(suite: str) -> None:
    """In a process of its own: the devices have to be there before PyTorch is."""
    built()
    path = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "support.pretend", "-p", "no:cacheprovider"]
    command += ["-W", "error", str(SUITES / f"{suite}.py")]
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
