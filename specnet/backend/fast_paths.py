"""What backends share of their faster ways to the same numbers: the switch, and memory that stays."""

from __future__ import annotations

import ctypes
import os
from functools import cache

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""glibc's options (mallopt(3))."""
KEPT = 2**31 - 1
"""Bytes at the end of the heap that are not given back to the system."""


def enabled() -> bool:
    """Whether to take them: `SPECNET_FAST_PATHS=0` takes the plain ways, for comparison."""
    return os.environ.get("SPECNET_FAST_PATHS") != "0"


def columns_by_turns(kernel: tuple[int, int], stride: tuple[int, int]) -> bool:
    """Whether a max pooling's gradient is that of every other column of windows and that of the rest, added.

    A pixel that is the largest of several windows gets the sum of their gradients, and frameworks add in
    orders of their own. Where a stride is at least half the window (height, width), a pixel is in two columns
    and two rows of windows at most: then each of these sums has two terms, and two terms have no order.
    """
    (high, wide), (down, right) = kernel, stride
    return (down < high <= 2 * down) and (right < wide <= 2 * right)


@cache
def keep_memory() -> bool:
    """Let freed memory stay with the process, so that a step finds the last one's instead of new pages.

    By default glibc takes every large tensor from the system and gives it back when it is freed; the kernel
    then fills fresh pages with zeros at every step. Returns whether the C library took the settings.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, KEPT), (M_TOP_PAD, 64 * 2**20))
    taken = [mallopt(option, value) for option, value in settings]
    return all(taken)
