"""Kernels: one block for each group, every weight where it belongs and as bright as it is large."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from specnet.plots import kernels


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


def test_there_is_a_block_for_each_group() -> None:
    generator = np.random.default_rng(0)
    blocks = {f"conv1 on gpu{i}": generator.normal(size=(48, 3, 11, 11)) for i in range(2)}
    one = Image.open(io.BytesIO(kernels.render({"conv1 on gpu0": blocks["conv1 on gpu0"]}, "x")))
    two = Image.open(io.BytesIO(kernels.render(blocks, "x")))
    # A block is its name and three rows of 16 kernels, 55 pixels each (5 for a weight).
    rows = 3 * 55 + 2 * kernels.GAP
    assert two.height - one.height == rows + kernels.BLOCK_HEAD + kernels.BETWEEN
    assert two.width == 16 * 55 + 15 * kernels.GAP + 2 * kernels.MARGIN


def test_weights_that_are_all_zero_and_very_many_kernels_can_be_drawn() -> None:
    assert kernels.render({"a": np.zeros((1, 1, 1, 1))}, "x")
    many = Image.open(io.BytesIO(kernels.render({"a": np.ones((5000, 1, 3, 3))}, "x")))
    assert many.height < 1200
