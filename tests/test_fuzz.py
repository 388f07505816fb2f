"""A small run of the fuzzers, always the same one."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fuzz
from fuzzing import running

pytestmark = pytest.mark.slow

INPUTS = 600


def test_no_input_crashes_or_hangs() -> None:
    texts = fuzz.bases()
    fuzz.check(texts[0].encode())  # imports, which no input is charged for
    results = set()
    gc.collect()
    gc.freeze()  # what other tests have left behind is searched for garbage at no input's expense
    try:
        for number in range(INPUTS):
            raw = fuzz.case(0, number, texts)
            began = time.process_time()
            results.add(fuzz.check(raw))
            assert time.process_time() - began < 1, f"input {number}"
    finally:
        gc.unfreeze()
    assert results == {"valid", "invalid", "unreadable"}


CRASHING = """
import os
import signal

import pytest

from fuzzing.forking import forking
from specnet.storage import processes


def crash(data):
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_crash_is_an_answer():
    forking()
    with pytest.raises(ValueError, match="too much memory or time"):
        processes.ask_python("test_crashing:crash", b"x", 100)
"""


def test_a_reader_that_crashes_in_its_own_process_prints_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_crashing.py").write_text(CRASHING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("name", fuzz.KINDS)
def test_no_damaged_file_crashes_its_reader(name: str) -> None:
    figures = running.run(fuzz.KINDS[name], seed=0, first=0, inputs=200)
    assert not figures.failures
    assert figures.inputs == 200
    assert name == "metrics" or {"refused", "taken"} == set(figures.results)
