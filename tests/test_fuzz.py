"""A small run of the fuzzer, always the same one."""

from __future__ import annotations

import time
from pathlib import Path

import fuzz

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
