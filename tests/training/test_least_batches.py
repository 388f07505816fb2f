"""Batches that are too small for a layer are refused before training, where PyTorch refuses them, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network import network
from specnet.spec.spec import load
from specnet.syntax import document
from support.training_runs import dry, run

SPEC = """\
specnet: 1
name: normed
groups: [a, b]
data: {{kind: synthetic, train_images: {images}, test_images: 3}}
layers:
  image: {{kind: input, shape: [3, {size}, {size}]}}
  conv: {{kind: conv, from: image, filters: 4, kernel: 1, bias: none}}
  {norm}
  out: {{kind: dense, from: norm, cross_group: true, group: a, units: 3}}
training:
  loss: {{kind: softmax_cross_entropy, from: out}}
  optimizer: {{kind: sgd, learning_rate: 0.01}}
  batch_size: {batch}
  epochs: 2
"""
MAPS = "norm: {kind: batch_norm, from: conv}"
VECTOR = "fc: {kind: dense, from: conv, units: 6}\n  norm: {kind: batch_norm, from: fc}"
POOLED = "pool: {kind: global_avg_pool, from: conv}\n  norm: {kind: batch_norm, from: pool}"


def spec(norm: str, size: int, batch: int, images: int = 9) -> str:
    return SPEC.format(norm=norm, size=size, batch=batch, images=images)


def torch_refuses(*shape: int) -> bool:
    try:
        torch.nn.functional.batch_norm(torch.zeros(shape), None, None, training=True)
    except ValueError as error:
        return "more than 1 value per channel" in str(error)
    return False


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(
    ("norm", "size", "shape"),
    [(MAPS, 1, (2, 1, 1)), (MAPS, 3, (2, 3, 3)), (VECTOR, 3, (3,)), (POOLED, 3, (2,))],
)
def test_a_batch_of_one_value_a_channel_is_a_finding(
    norm: str, size: int, shape: tuple[int, ...], batch: int
) -> None:
    examination = network.examine(document.parse(spec(norm, size, batch)))
    made, found = examination.network, examination.diagnostics
    assert [(d.code, d.severity) for d in found] == [("SN609", "error")] * torch_refuses(batch, *shape)
    assert (made is None) == torch_refuses(batch, *shape)


def test_the_finding_stands_at_the_batch_size() -> None:
    (found,) = network.examine(document.parse(spec(VECTOR, 3, 1), "x.yaml")).diagnostics
    assert found.position is not None
    assert found.position.source == "  batch_size: 1"
    assert "layer 'norm' (batch_norm) needs at least 2 images" in found.message


@pytest.mark.parametrize("command", [dry, run])
@pytest.mark.parametrize(("images", "batch"), [(9, 4), (9, 8), (1, 2), (13, 3)])
def test_a_last_batch_of_one_is_refused_before_training(
    tmp_path: Path, command: Callable[..., Any], images: int, batch: int
) -> None:
    made = load(document.parse(spec(VECTOR, 3, batch, images)))
    with pytest.raises(UsageError, match="leave 1 image for the last batch") as caught:
        command(made, tmp_path / "r")
    assert not (tmp_path / "r").exists()
    if images > 1:  # what the hint names is accepted
        (size,) = re.findall(r"training\.batch_size=(\d+)", str(caught.value))
        fitting = load(document.parse(spec(VECTOR, 3, int(size), images)))
        assert dry(fitting, tmp_path / "r").batch_size == int(size)


@pytest.mark.parametrize(("norm", "images", "batch"), [(MAPS, 9, 4), (VECTOR, 10, 4), (VECTOR, 9, 9)])
def test_batches_with_more_values_are_accepted(tmp_path: Path, norm: str, images: int, batch: int) -> None:
    assert run(load(document.parse(spec(norm, 3, batch, images))), tmp_path / "r").step > 0


def test_a_last_batch_that_is_never_reached_is_no_fault(tmp_path: Path) -> None:
    made = load(document.parse(spec(VECTOR, 3, 4)))
    assert run(made, tmp_path / "r", steps=2).step == 2
    assert run(made, tmp_path / "r", steps=2, resume=True).step == 2
    with pytest.raises(UsageError, match="in a new run"):
        run(made, tmp_path / "r", steps=3, resume=True)


def test_a_broken_batch_size_hides_no_other_finding() -> None:
    text = spec(VECTOR, 3, 1).replace("batch_size: 1", "batch_size: none")
    with pytest.raises(SpecError) as caught:
        load(document.parse(text))
    assert [d.code for d in caught.value.diagnostics] == ["SN203"]


def test_micro_batches_of_one_are_refused_with_batch_norm(tmp_path: Path) -> None:
    made = load(document.parse(spec(VECTOR, 3, 4, 8)))
    with pytest.raises(UsageError, match="needs all images of a batch together"):
        dry(made, tmp_path / "r", micro_batch=1)
