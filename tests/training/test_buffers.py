"""Memory that is used again, and never while anything still looks at it."""

from __future__ import annotations

import numpy as np
import torch

from specnet.training.buffers import LEAST, Memory

SHAPE = (LEAST // 4 // 16, 4, 4)


def address(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> int:
    return int(array.__array_interface__["data"][0])


def test_memory_comes_back_when_its_array_is_gone() -> None:
    memory = Memory()
    first = memory.take(SHAPE, np.float32)
    place = address(first)
    assert first.shape == SHAPE
    assert first.dtype == np.float32
    first[:] = 1  # it can be written to
    del first
    assert address(memory.take(SHAPE, np.float32)) == place


def test_nothing_is_lent_twice() -> None:
    memory = Memory()
    held = [memory.take(SHAPE, np.float32) for _ in range(3)]
    assert len({address(array) for array in held}) == 3


def test_views_and_tensors_hold_on_to_it() -> None:
    memory = Memory()
    whole = memory.take(SHAPE, np.float32)
    place = address(whole)
    views: list[object] = [whole[3:9, 1][::-1], torch.from_numpy(whole)[5:], memoryview(whole.data)]
    del whole
    while views:
        other = memory.take(SHAPE, np.float32)
        assert address(other) != place
        views.pop()
    del other
    idle = [memory.take(SHAPE, np.float32) for _ in range(2)]
    assert place in map(address, idle)


def test_a_smaller_batch_fits_and_a_larger_one_gets_its_own() -> None:
    memory = Memory()
    first = memory.take((2 * LEAST,), np.uint8)
    place = address(first)
    del first
    smaller = memory.take((LEAST // 8, 3), np.float32)
    assert address(smaller) == place
    del smaller
    assert memory.take((4 * LEAST,), np.uint8).size == 4 * LEAST
