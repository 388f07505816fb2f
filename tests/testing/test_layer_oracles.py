"""The oracles of the layers: hand-computed values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from specnet.layers.base import Layer
from specnet.layers.batch_norm import BatchNorm
from specnet.layers.blur import Blur
from specnet.layers.channel_shuffle import ChannelShuffle
from specnet.layers.conv import Conv
from specnet.layers.dense import Dense
from specnet.layers.dropout import Dropout
from specnet.layers.layer_norm import LayerNorm
from specnet.layers.lrn import LRN
from specnet.layers.maxout import Maxout
from specnet.layers.merge import Multiply
from specnet.layers.pad import Pad
from specnet.layers.pool import AvgPool, GlobalMaxPool, MaxPool
from specnet.layers.random_connections import RandomConnections
from specnet.layers.scale import Scale
from specnet.layers.slice import Slice
from specnet.layers.stochastic_depth import StochasticDepth
from specnet.layers.subsample import Subsample
from specnet.testing import relative_error
from specnet.testing.oracles import (
    Circumstances,
    Result,
    layer_oracle,
)
from specnet.testing.oracles.windows import starts


def of(layer: Layer, *inputs: Any, run: Circumstances | None = None, **weights: Any) -> Result:
    arrays = [np.asarray(x, dtype=np.float64) for x in inputs]
    given = {role: np.asarray(values, dtype=np.float64) for role, values in weights.items()}
    return layer_oracle.find(layer.kind, "it")(layer, arrays, given, run or Circumstances(training=True))


@pytest.mark.parametrize(("alpha_over", "expected"), [("sum", 5.83693), ("size", 5.92384)])
def test_lrn_of_a_constant(alpha_over: str, expected: float) -> None:
    """10 / (2 + 1e-4 * 5 * 100) ** 0.75, and with the mean of the squares 10 / (2 + 1e-4 * 100) ** 0.75."""
    layer = LRN.model_validate(
        {"from": "x", "size": 5, "k": 2, "alpha": 1e-4, "beta": 0.75, "alpha_over": alpha_over}
    )
    output = of(layer, np.full((1, 9, 1, 1), 10.0)).output
    assert round(float(output[0, 4, 0, 0]), 5) == expected


@pytest.mark.parametrize(
    ("alpha_over", "corner", "middle"), [("sum", 1 / 17, 1 / 37), ("size", 9 / 25, 1 / 5)]
)
def test_lrn_within_a_map_of_ones(alpha_over: str, corner: float, middle: float) -> None:
    """1 / (1 + 4 * 4) at a corner, where four of nine pixels exist, and 1 / (1 + 4 * 9) in the middle.

    With alpha / 9, as Caffe and cuda-convnet have it, 1 / (1 + 16 / 9) and 1 / (1 + 4).
    """
    layer = LRN.model_validate(
        {
            **{"from": "x", "size": 3, "k": 1, "alpha": 4, "beta": 1.0},
            **{"region": "within", "alpha_over": alpha_over},
        }
    )
    output = of(layer, np.ones((1, 2, 4, 5))).output
    assert output[0, :, 0, 4] == pytest.approx(corner)
    assert output[0, :, 2, 2] == pytest.approx(middle)


def test_conv_with_a_kernel_for_each_pixel_by_hand() -> None:
    """Two outputs of a row of three: 1 * 1 + 2 * 2 + 0.5, and 2 * 10 + 3 * 20 + 7."""
    layer = Conv.model_validate({"from": "x", "filters": 1, "kernel": [1, 2], "shared": False})
    weight = np.array([[1.0, 10.0], [2.0, 20.0]]).reshape(1, 1, 1, 2, 1, 2)
    output = of(layer, [[[[1.0, 2.0, 3.0]]]], weight=weight, bias=[[[0.5, 7.0]]]).output
    assert output.tolist() == [[[[5.5, 87.0]]]]


def test_blur_by_hand() -> None:
    """A pixel of 1 becomes the products of 1 / 4, 1 / 2, 1 / 4 where exp(-1 / (2 std ** 2)) is 1 / 2."""
    layer = Blur.model_validate({"from": "x", "size": 3, "std": math.sqrt(1 / (2 * math.log(2)))})
    image = np.zeros((1, 1, 3, 4))
    image[0, 0, 0, 1] = 16
    expected = [[2, 4, 2, 0], [1, 2, 1, 0], [0, 0, 0, 0]]
    assert of(layer, image).output[0, 0] == pytest.approx(np.array(expected))


def test_subsample_by_hand() -> None:
    layer = Subsample.model_validate({"from": "x", "stride": [2, 3], "start": [1, 0]})
    image = np.arange(30.0).reshape(1, 1, 5, 6)
    result = of(layer, image)
    assert result.output.tolist() == [[[[6, 9], [18, 21]]]]
    assert np.flatnonzero(result.pullback(np.ones((1, 1, 2, 2)))[0][0]).tolist() == [6, 9, 18, 21]


@pytest.mark.parametrize("groups", [None, 1, 2, 4])
def test_channels_are_dealt_out_evenly(groups: int | None) -> None:
    """Of eight channels three for each of eight blocks: 24 places, three for each channel."""
    said = {"from": "x", "filters": 8, "kernel": 1, "connections": 3, "groups": groups}
    layer = RandomConnections.model_validate({key: value for key, value in said.items() if value})
    read = layer.channels((8, 5, 5))
    assert read.shape == (8, 3)
    assert all(len(set(row)) == 3 and sorted(row) == list(row) for row in read.tolist())
    blocks = [tuple(row) for row in read[:: 8 // (groups or 8)].tolist()]
    assert [tuple(row) for row in read.tolist()] == [row for row in blocks for _ in range(8 // (groups or 8))]
    often = np.bincount(np.array(blocks).ravel(), minlength=8)
    assert often.max() - often.min() <= (0 if groups is None else 1)
    other = layer.model_copy(update={"seed": 1}).channels((8, 5, 5))
    assert other.tolist() != read.tolist()
    assert layer.model_copy().channels((8, 9, 9)).tolist() == read.tolist()


def test_all_connections_are_a_convolution() -> None:
    window = {"from": "x", "filters": 4, "kernel": [2, 3], "stride": [1, 2], "padding": 1, "dilation": 2}
    all_of_them = RandomConnections.model_validate({**window, "connections": 3})
    draw = np.random.RandomState(0)
    x, weight, bias = (draw.standard_normal(shape) for shape in ((2, 3, 6, 7), (4, 3, 2, 3), (4,)))
    one, other = (
        of(layer, x, weight=weight, bias=bias) for layer in (all_of_them, Conv.model_validate(window))
    )
    assert relative_error(one.output, other.output) < 1e-15
    shape = (3, 6, 7)
    assert all_of_them.macs(shape) == Conv.model_validate(window).macs(shape)


def test_conv_by_hand() -> None:
    """Cross-correlation of 1..9 with [[1, 2], [3, 4]]: 1 * 1 + 2 * 2 + 3 * 4 + 4 * 5 = 37 and so on."""
    layer = Conv.model_validate({"from": "x", "filters": 1, "kernel": 2})
    image = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    output = of(layer, image, weight=[[[[1, 2], [3, 4]]]], bias=[0.5]).output
    assert output.tolist() == [[[[37.5, 47.5], [67.5, 77.5]]]]


def test_dense_reads_channels_then_rows_then_columns() -> None:
    layer = Dense.model_validate({"from": "x", "units": 1, "bias": "none"})
    image = np.array([[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]])
    picks = {place: float(of(layer, image, weight=np.eye(12)[[place]]).output[0, 0]) for place in range(12)}
    assert picks == {place: place + 1.0 for place in range(12)}


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "rounding", "expected"),
    [
        (5, 2, 2, (0, 0), "floor", [0, 2]),
        (5, 2, 2, (0, 0), "ceil", [0, 2, 4]),
        (4, 3, 1, (1, 1), "floor", [-1, 0, 1, 2]),
        (4, 3, 2, (2, 0), "floor", [-2, 0]),
        (4, 3, 2, (2, 0), "ceil", [-2, 0, 2]),
        (5, 2, 2, None, "floor", [0, 2, 4]),
        (5, 4, 1, None, "floor", [-1, 0, 1, 2, 3]),
        (6, 3, 2, None, "floor", [0, 2, 4]),
    ],
)
def test_windows_start(
    size: int, kernel: int, stride: int, padding: tuple[int, int] | None, rounding: str, expected: list[int]
) -> None:
    assert starts(size, kernel, stride, padding, rounding) == expected


@pytest.mark.parametrize(("rounding", "count"), [("floor", 54), ("ceil", 55)])
def test_windows_of_alexnet(rounding: str, count: int) -> None:
    assert len(starts(224, 11, 4, (0, 0), rounding)) == count


def test_padding_never_wins_and_is_not_counted() -> None:
    image = np.array([[[[-1.0, -2.0], [-3.0, -4.0]]]])
    fields = {"from": "x", "kernel": 2, "stride": 2, "padding": [1, 1, 1, 1]}
    assert of(MaxPool.model_validate(fields), image).output.tolist() == image.tolist()
    assert of(AvgPool.model_validate(fields), image).output.tolist() == image.tolist()


def test_batch_norm_by_hand() -> None:
    """The values 1 and 3: mean 2, variance 1, not 2; the running values go a tenth of the way."""
    layer = BatchNorm.model_validate({"from": "x", "epsilon": 3.0})
    weights: dict[str, Any] = {"weight": [4], "bias": [5], "running_mean": [0], "running_var": [1.5]}
    result = of(layer, [[1.0], [3.0]], **weights)
    assert result.output.tolist() == [[3.0], [7.0]]
    assert {role: v.tolist() for role, v in result.updates.items()} == {
        "running_mean": [pytest.approx(0.2)],
        "running_var": [pytest.approx(0.9 * 1.5 + 0.1)],
    }
    tested = of(layer, [[1.0]], run=Circumstances(training=False), **{**weights, "running_var": [1]})
    assert tested.output.tolist() == [[7.0]]


@pytest.mark.parametrize(
    ("scale_at", "training", "expected"),
    [
        ("train", True, [0.0, 8.0]),
        ("train", False, [4.0, 4.0]),
        ("test", True, [0.0, 4.0]),
        ("test", False, [2.0, 2.0]),
    ],
)
def test_dropout_by_hand(scale_at: str, training: bool, expected: list[float]) -> None:
    layer = Dropout.model_validate({"from": "x", "rate": 0.5, "scale_at": scale_at})
    run = Circumstances(training, np.array([[0, 1]], dtype=np.uint8))
    assert of(layer, [[4.0, 4.0]], run=run).output.tolist() == [expected]


def test_stochastic_depth_by_hand() -> None:
    """A rate of 3/4: an image that stays counts four times. At test nothing changes."""
    layer = StochasticDepth.model_validate({"from": "x", "rate": 0.75})
    run = Circumstances(training=True, keep=np.array([[0], [1]], dtype=np.uint8))
    images = [[1.0, 2.0], [3.0, 4.0]]
    assert of(layer, images, run=run).output.tolist() == [[0, 0], [12, 16]]
    assert of(layer, images, run=Circumstances(training=False)).output.tolist() == images


def test_layer_norm_by_hand() -> None:
    """The channels 1 and 3 of each pixel: mean 2, variance 1, which with an epsilon of 3 makes -1/2 and 1/2.

    A second pixel and a second image, of other values, change nothing.
    """
    layer = LayerNorm.model_validate({"from": "x", "epsilon": 3.0})
    images = [[[[1.0, 50.0]], [[3.0, 70.0]]], [[[9.0, 9.0]], [[9.0, 9.0]]]]
    output = of(layer, images, weight=[4.0, 6.0], bias=[5.0, 7.0]).output
    assert output[0, :, 0, 0].tolist() == [3.0, 10.0]
    bare = LayerNorm.model_validate({"from": "x", "epsilon": 3.0, "scale": False, "shift": False})
    assert of(bare, images).output[0, :, 0, 0].tolist() == [-0.5, 0.5]


def test_scale_by_hand() -> None:
    layer = Scale.model_validate({"from": "x", "offset": 0})
    image = [[[[1.0, 2.0]], [[3.0, 4.0]]]]
    output = of(layer, image, weight=[2.0, -1.0], bias=[10.0, 0.5]).output
    assert output.tolist() == [[[[12.0, 14.0]], [[-2.5, -3.5]]]]


def test_a_channel_is_multiplied_by_its_number() -> None:
    layer = Multiply.model_validate({"from": ["x", "gate"]})
    output = of(layer, [[[[1.0, 2.0]], [[3.0, 4.0]]]], [[10.0, -1.0]])
    assert output.output.tolist() == [[[[10.0, 20.0]], [[-3.0, -4.0]]]]
    of_gate = output.pullback(np.ones((1, 2, 1, 2)))[0][1]
    assert of_gate.tolist() == [[3.0, 7.0]]


def test_the_first_of_equal_pixels_or_channels_wins() -> None:
    image = [[[[1.0, 7.0], [7.0, 0.0]], [[3.0, 3.0], [9.0, 0.0]]]]
    pooled = of(GlobalMaxPool.model_validate({"from": "x"}), image)
    assert pooled.output.tolist() == [[7.0, 9.0]]
    assert pooled.pullback(np.array([[5.0, 6.0]]))[0][0].tolist() == [[[[0, 5], [0, 0]], [[0, 0], [6, 0]]]]
    unit = of(Maxout.model_validate({"from": "x", "pieces": 2}), [[4.0, 4.0, 1.0, 2.0]])
    assert unit.output.tolist() == [[4.0, 2.0]]
    assert unit.pullback(np.array([[5.0, 6.0]]))[0][0].tolist() == [[5.0, 0.0, 0.0, 6.0]]


def test_zeros_are_put_around_and_pixels_cut_off() -> None:
    layer = Pad.model_validate({"from": "x", "padding": [1, -1, -1, 2]})
    output = of(layer, [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]).output
    assert output.tolist() == [[[[0, 0, 0, 0], [2, 3, 0, 0]]]]


def test_channels_are_shuffled_as_in_the_paper() -> None:
    """Two blocks 0, 1, 2 and 3, 4, 5: figure 1c of Zhang et al. 2018, and torch.nn.ChannelShuffle's docs."""
    layer = ChannelShuffle.model_validate({"from": "x", "groups": 2})
    assert of(layer, [np.arange(6)]).output.tolist() == [[0, 3, 1, 4, 2, 5]]
    sliced = Slice.model_validate({"from": "x", "channels": [2, 4]})
    assert of(sliced, [np.arange(6)]).output.tolist() == [[2, 3]]


def test_windows_with_dilation() -> None:
    """Two taps three apart on a row of five with a pixel of padding: pixels -1, 2; 0, 3; 1, 4; 2, 5."""
    layer = Conv.model_validate(
        {"from": "x", "filters": 1, "kernel": [1, 2], "dilation": 3, "padding": [0, 0, 1, 1], "bias": "none"}
    )
    output = of(layer, [[[[1.0, 2.0, 3.0, 4.0, 5.0]]]], weight=[[[[10.0, 1.0]]]]).output
    assert output.tolist() == [[[[3.0, 14.0, 25.0, 30.0]]]]
