"""Pooling's sizes and values beside PyTorch's own, for every setting that PyTorch accepts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from specnet.backend.kinds import Run
from specnet.layers.base import LayerError
from specnet.layers.pool import AvgPool, MaxPool, Pool
from specnet.plans.operations import Compute
from specnet.testing.oracles import Circumstances, layer_oracle

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow

SETTINGS = [
    (size, kernel, stride, padding)
    for size, kernel, stride in itertools.product((3, 4, 5, 6, 7), (1, 2, 3, 4, 5), (1, 2, 3, 4))
    for padding in range(kernel // 2 + 1)
    if size + 2 * padding >= kernel
]
"""Sizes of an image, kernels, strides and paddings, along either side."""


def _layer(cls: type[Pool], rounding: str, setting: tuple[int, ...], **fields: bool) -> Pool:
    _, kernel, stride, padding = setting
    window = {"kernel": kernel, "stride": stride, "padding": padding, "rounding": rounding}
    return cls.model_validate({"from": "x", **window, **fields})


def _compared(layer: Pool, x: Any, expected: Any) -> None:
    import specnet_torch

    shape = tuple(x.shape[1:])
    assert layer.output_shape(shape) == tuple(expected.shape[1:])
    op = Compute("x", layer, "g", (("x",),), (shape,), layer.output_shape(shape))
    found = specnet_torch.layer.find(layer.kind, "it")(op, [x], {}, Run(training=False))
    by_formula = layer_oracle.find(layer.kind, "it")(layer, [x.numpy()], {}, Circumstances(False)).output
    for values in (found.numpy(), by_formula):
        np.testing.assert_allclose(values, expected.numpy(), rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("size", sorted({setting[0] for setting in SETTINGS}))
def test_clip_is_the_ceil_mode_of_pytorch(size: int) -> None:
    """In shape and value, and where `ceil` is another size it is refused, with a hint at `clip`."""
    refused = 0
    for setting in (setting for setting in SETTINGS if setting[0] == size):
        _, kernel, stride, padding = setting
        x = torch.randn(1, 2, size, size + 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        window = {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": True}
        largest = torch.nn.functional.max_pool2d(x, **window)
        _compared(_layer(MaxPool, "clip", setting), x, largest)
        for counted in (True, False):
            mean = torch.nn.functional.avg_pool2d(x, **window, count_include_pad=counted)
            _compared(_layer(AvgPool, "clip", setting, count_padding=counted), x, mean)
        plain = _layer(MaxPool, "ceil", setting)
        starts = [-(-(side + 2 * padding - kernel) // stride) * stride - padding for side in (size, size + 1)]
        if starts[0] < size and starts[1] <= size:  # the last window of `ceil` sees a row and a column
            _compared(plain, x, largest)
            continue
        with pytest.raises(LayerError) as refusal:
            plain.output_shape(tuple(x.shape[1:]))
        assert "rounding: clip" in str(refusal.value.hint)
        refused += 1
    assert refused >= 4


@pytest.mark.parametrize("size", sorted({setting[0] for setting in SETTINGS}))
def test_floor_is_the_usual_mode_of_pytorch(size: int) -> None:
    for setting in (setting for setting in SETTINGS if setting[0] == size):
        _, kernel, stride, padding = setting
        x = torch.randn(1, 2, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
        window = {"kernel_size": kernel, "stride": stride, "padding": padding}
        _compared(_layer(MaxPool, "floor", setting), x, torch.nn.functional.max_pool2d(x, **window))
        for counted in (True, False):
            mean = torch.nn.functional.avg_pool2d(x, **window, count_include_pad=counted)
            _compared(_layer(AvgPool, "floor", setting, count_padding=counted), x, mean)
