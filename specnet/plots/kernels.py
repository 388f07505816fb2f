"""The first convolution's kernels, one block for each group, as in the AlexNet paper (figure 3).

Zero is the middle grey, and all groups share one scale, so that blocks can be compared. Kernels over three
channels are shown in colour, over one in grey, over any other number as the mean of their channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from specnet.drawing.style import BACKGROUND, MUTED
from specnet.plots.request import Block, Kernels
from specnet.plots.style import new_figure, shown
from specnet.text import describe, plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 52
"""About as many pixels as a kernel is wide."""
PER_ROW = 16
GAP, MARGIN, HEAD, BLOCK_HEAD, BETWEEN, NARROWEST = 4, 24, 70, 28, 26, 640
"""Pixels."""
STRONGEST = 99.8
"""The percentile of the weights' sizes that is shown black or white."""


def draw(picture: Kernels) -> Figure:
    """The figure of some blocks. A weight is a square of full pixels."""
    blocks = picture.blocks
    factor = max(1, round(SIDE / max(max(block.kernels.shape[2:]) for block in blocks)))
    scale = max(float(np.percentile(np.abs(block.kernels), STRONGEST)) for block in blocks) or 1.0
    tiles = [tiled(block.kernels, scale, factor) for block in blocks]
    width = max(NARROWEST, *(tile.shape[1] for tile in tiles)) + 2 * MARGIN
    heights = [BLOCK_HEAD + tile.shape[0] for tile in tiles]
    height = HEAD + sum(heights) + BETWEEN * (len(tiles) - 1) + MARGIN
    figure = new_figure(width, height)

    def write(top: float, text: str, size: float, **more: Any) -> None:
        figure.text(MARGIN / width, 1 - top / height, text, fontsize=size, **more)

    write(34, shown(picture.title), 14)
    caption = f"grey is 0, black and white are -{scale:.2g} and {scale:.2g} or beyond"
    write(56, caption, 9, color=MUTED)
    top = HEAD
    for block, tile in zip(blocks, tiles, strict=True):
        write(top + 18, shown(block.name, 40), 11)
        at = (1 - MARGIN / width, 1 - (top + 18) / height)
        figure.text(*at, _note(block), fontsize=9, color=MUTED, ha="right")
        below = height - (top + BLOCK_HEAD + tile.shape[0])
        figure.figimage(tile, MARGIN, below, origin="upper")
        top += BLOCK_HEAD + tile.shape[0] + BETWEEN
    return figure


def tiled(kernels: NDArray[np.floating[Any]], scale: float, factor: int) -> NDArray[np.uint8]:
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


def _note(block: Block) -> str:
    there, *shape = block.kernels.shape
    some = f", the first {there} shown" if there < block.count else ""
    mean = "" if shape[0] in (1, 3) else ", the mean over channels"
    return f"{plural(block.count, 'kernel')} of {describe(shape)}{mean}{some}"
