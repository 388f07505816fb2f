"""Kernels: one block for each group, every weight where it belongs and as bright as it is large."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from specnet.plots import kernels
from specnet.plots.request import kernels_of
from specnet.plots.style import saved, styled


def pixels(**blocks: NDArray[Any]) -> NDArray[np.uint8]:
    """The picture (height, width, 3)."""
    named = {name.replace("_", " "): block for name, block in blocks.items()}
    with styled():
        png = saved(kernels.draw(kernels_of(named, "x")), "png")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_a_weight_is_as_bright_as_it_is_large() -> None:
    weights = np.zeros((17, 3, 2, 2))
    weights[16, :, 0, 1] = [-1.0, 0.5, 2.0]
    block = kernels.tiled(weights, scale=1.0, factor=5)
    # 17 kernels of 2x2 weights, 5 pixels each, in rows of 16 with gaps of 4.
    assert block.shape == (2 * 10 + 4, 16 * 10 + 15 * 4, 3)
    assert (block[14:19, 5:10] == [0, 191, 255]).all()
    assert (block[:10, :10] == 128).all()


def test_a_number_of_channels_that_is_no_colour_is_shown_as_its_mean() -> None:
    weights = np.zeros((1, 4, 1, 1))
    weights[0, :, 0, 0] = [1.0, 1.0, -1.0, 1.0]
    assert (kernels.tiled(weights, scale=1.0, factor=1) == 191).all()


def test_blocks_lie_in_the_picture_pixel_by_pixel() -> None:
    generator = np.random.default_rng(0)
    first, second = (generator.normal(size=(48, 3, 11, 11)) for _ in range(2))
    picture = pixels(conv1_on_gpu0=first, conv1_on_gpu1=second)
    # A block is its name and three rows of 16 kernels, 55 pixels each (5 for a weight).
    rows, columns = 3 * 55 + 2 * kernels.GAP, 16 * 55 + 15 * kernels.GAP
    assert picture.shape[1] == columns + 2 * kernels.MARGIN
    scale = max(float(np.percentile(np.abs(block), kernels.STRONGEST)) for block in (first, second))
    top = kernels.HEAD
    for block in (first, second):
        top += kernels.BLOCK_HEAD
        found = picture[top : top + rows, kernels.MARGIN : kernels.MARGIN + columns]
        assert (found == kernels.tiled(block, scale, 5)).all()
        top += rows + kernels.BETWEEN
    assert picture.shape[0] == top - kernels.BETWEEN + kernels.MARGIN


def test_weights_that_are_all_zero_and_very_many_kernels_can_be_drawn() -> None:
    assert pixels(a=np.zeros((1, 1, 1, 1))).shape[2] == 3
    assert len(pixels(a=np.ones((5000, 1, 3, 3)))) < 1200
    assert len(pixels(**{f"b{i}": np.ones((1, 1, 3, 3)) for i in range(500)})) < 2400
