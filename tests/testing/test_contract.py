"""The contract itself: NumPy keeps it as well, and a gap says so when it has closed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from specnet.backend.protocol import Precision
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet.testing.contract import BackendContract
from specnet.testing.oracles import Interpreter


class NumpyBackend:
    """The oracles behind the protocol of a backend."""

    name = "numpy"

    def devices(self) -> list[str]:
        return ["cpu"]

    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> Interpreter:
        return Interpreter(plan)


class TestNumpy(BackendContract):
    """Its numbers are the expected ones here, but two groups against one, short form against long form,
    states and refusals say something about the oracles, too."""

    backend = NumpyBackend()
    gaps: ClassVar[Mapping[str, str]] = {"test_steps_in_single_precision": "the oracles know float64 only"}


SUITE = """
from specnet.errors import UsageError
from specnet.testing.contract import BackendContract
from specnet.testing.oracles import Interpreter


class Backend:
    name = "partial"

    def devices(self):
        return ["cpu"]

    def compile(self, plan, placement, precision):
        if any(step.layer.kind in {missing} for step in plan.computes):
            raise UsageError("no")
        return Interpreter(plan)


class TestPartial(BackendContract):
    backend = Backend()
    gaps = {gaps}
"""


@pytest.mark.parametrize(
    ("missing", "gaps", "code", "words"),
    [
        (["flatten"], {"flatten": "soon"}, 0, "4 xfailed"),
        (["flatten"], {}, 1, "4 failed"),
        ([], {"flatten": "soon"}, 1, "XPASS(strict)"),
        ([], {"flatten of a vector": "soon"}, 1, "2 failed, 2 passed"),
        ([], {"test_layer_forward": "soon"}, 1, "2 failed, 2 passed"),
        ([], {}, 0, "4 passed"),
    ],
)
def test_gaps(tmp_path: Path, missing: list[str], gaps: dict[str, str], code: int, words: str) -> None:
    """Of the four tests of flatten."""
    suite = tmp_path / "test_partial.py"
    suite.write_text(SUITE.format(missing=missing, gaps=gaps))
    command = [sys.executable, "-m", "pytest", "-q", "-k", "flatten", "--rootdir", str(tmp_path), str(suite)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert words in done.stdout
