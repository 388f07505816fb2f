"""The first convolution's kernels, one block for each group, as in the AlexNet paper (figure 3): a PNG file.

Zero is the middle grey, and all groups share one scale, so that blocks can be compared. Kernels over three
channels are shown in colour, over one in grey, over any other number as the mean of their channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.drawing.style import BACKGROUND, INK, MUTED
from specnet.plots.canvas import Canvas, text_width
from specnet.text import describe, plural

SIDE = 52
"""About as many pixels as a kernel is wide."""
PER_ROW = 16
MOST, MOST_BLOCKS = 256, 16
"""Kernels of a block, and blocks, that are shown."""
GAP, MARGIN, HEAD, BLOCK_HEAD, BETWEEN = 4, 24, 70, 28, 26
STRONGEST = 99.8
"""The percentile of the weights' sizes that is shown black or white."""

Kernels = NDArray[np.floating[Any]]
"""(filters, channels, height, width)"""


def render(blocks: Mapping[str, Kernels], title: str) -> bytes:
    """The picture of blocks by name. Raises `PluginError` without Pillow."""
    shown = {name: kernels[:MOST] for name, kernels in list(blocks.items())[:MOST_BLOCKS]}
    largest = max(max(k.shape[2:]) for k in shown.values())
    factor = max(1, round(SIDE / largest))
    scale = max(float(np.percentile(np.abs(k), STRONGEST)) for k in shown.values()) or 1.0
    tiles = {name: tiled(k, scale, factor) for name, k in shown.items()}
    notes = {name: _note(blocks[name], len(k)) for name, k in shown.items()}
    caption = f"grey is 0, black and white are -{scale:.2g} and {scale:.2g} or beyond"
    widest = max(t.shape[1] for t in tiles.values())
    words = [text_width(title, 20), text_width(caption, 14)]
    words += [text_width(name, 16) + 12 + text_width(note, 14) for name, note in notes.items()]
    width = round(max(widest, *words)) + 2 * MARGIN
    heights = [BLOCK_HEAD + t.shape[0] for t in tiles.values()]
    height = HEAD + sum(heights) + BETWEEN * (len(tiles) - 1) + MARGIN
    canvas = Canvas(width, height)
    canvas.text(MARGIN, 34, title, 20, INK)
    canvas.text(MARGIN, 56, caption, 14, MUTED)
    top = HEAD
    for name, tile in tiles.items():
        canvas.text(MARGIN, top + 18, name, 16, INK)
        canvas.text(MARGIN + text_width(name, 16) + 12, top + 18, notes[name], 14, MUTED)
        canvas.bitmap(MARGIN, top + BLOCK_HEAD, tile, 1)
        top += BLOCK_HEAD + tile.shape[0] + BETWEEN
    return canvas.png()


def tiled(kernels: Kernels, scale: float, factor: int) -> NDArray[np.uint8]:
    """A block as pixels (height, width, 3): kernels in rows, each weight a square of `factor` pixels.

    A weight of 0 is grey, `-scale` black and `scale` white.
    """
    count, channels, height, width = kernels.shape
    colours = kernels if channels in (1, 3) else kernels.mean(axis=1, keepdims=True)
    levels = np.clip((colours / scale + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    levels = np.broadcast_to(levels, (count, 3, height, width)).repeat(factor, axis=2).repeat(factor, axis=3)
    columns = min(count, PER_ROW)
    rows = -(-count // columns)
    high, wide = height * factor + GAP, width * factor + GAP
    background = [int(BACKGROUND[i : i + 2], 16) for i in (1, 3, 5)]
    block = np.empty((rows * high - GAP, columns * wide - GAP, 3), dtype=np.uint8)
    block[:] = background
    for index, pixels in enumerate(levels):
        top, left = index // columns * high, index % columns * wide
        block[top : top + high - GAP, left : left + wide - GAP] = pixels.transpose(1, 2, 0)
    return block


def _note(kernels: Kernels, shown: int) -> str:
    count, *shape = kernels.shape
    some = f", the first {shown} shown" if shown < count else ""
    mean = "" if shape[0] in (1, 3) else ", the mean over channels"
    return f"{plural(count, 'kernel')} of {describe(shape)}{mean}{some}"
