"""A small run of the fuzzers, always the same one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import fuzz
from fuzzing import running

INPUTS = 600


def test_no_input_crashes_or_hangs(specs: Path) -> None:
    texts = [path.read_text() for path in sorted(specs.rglob("*.yaml"))]
    results = set()
    for number in range(INPUTS):
        raw = fuzz.case(0, number, texts)
        began = time.process_time()
        results.add(fuzz.check(raw))
        assert time.process_time() - began < 1, f"input {number}"
    assert results == {"valid", "invalid", "unreadable"}


@pytest.mark.parametrize("name", fuzz.KINDS)
def test_no_damaged_file_crashes_its_reader(name: str) -> None:
    figures = running.run(fuzz.KINDS[name], seed=0, first=0, inputs=200)
    assert not figures.failures
    assert figures.inputs == 200
    assert name == "metrics" or {"refused", "taken"} == set(figures.results)
