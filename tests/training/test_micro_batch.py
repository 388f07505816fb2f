"""Batches in parts: the same run, refused where it would be another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import UsageError
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.syntax import document
from specnet.testing.comparing import errors
from specnet.training.load import evaluate_run
from support.training_runs import SMALL, run

pytestmark = pytest.mark.slow

ROUNDING = 1e-12
"""Measured after 16 float64 steps with dropout and augmentation: 3e-16."""


def imagewise(*changes: str) -> Spec:
    """The small spec without its batch_norm."""
    opened = document.parse(SMALL, "small.yaml")
    norm = "layers.norm={kind: lrn, from: conv, size: 3, k: 2, alpha: 1e-4, beta: 0.75}"
    for change in (norm, "training.optimizer.clip_norm=1", *changes):
        opened.override(change)
    return load_spec(opened)


def newest(directory: Path) -> Checkpoint:
    path = checkpoint.newest(directory / "checkpoints")
    assert path is not None
    return checkpoint.read(path)


def error(one: Path, other: Path) -> float:
    """How far the weights of two runs are apart."""
    return max(errors(newest(one).weights, newest(other).weights).values())


def test_a_run_in_parts_is_the_whole_run(tmp_path: Path) -> None:
    """Batches of 200, the last of an epoch of 37, in parts of 64; the evaluation as well."""
    whole = run(imagewise(), tmp_path / "whole")
    parts = run(imagewise(), tmp_path / "parts", micro_batch=64)
    assert 0 < error(tmp_path / "parts", tmp_path / "whole") < ROUNDING
    assert parts.evaluation.loss == pytest.approx(whole.evaluation.loss, rel=ROUNDING)
    assert parts.evaluation.top1_error == whole.evaluation.top1_error


def test_resume_keeps_the_micro_batch_unless_told_otherwise(tmp_path: Path) -> None:
    spec = imagewise("training.evaluate={kind: center_crop, size: 8}")
    run(spec, tmp_path / "whole", steps=8)
    for stop, option, recorded in ((2, 64, 64), (4, None, 64), (6, 32, 32), (8, 200, 200)):
        options = {"micro_batch": option} if option else {}
        run(spec, tmp_path / "parts", steps=stop, resume=stop > 2, **options)
        assert newest(tmp_path / "parts").progress.micro_batch == recorded
    assert error(tmp_path / "parts", tmp_path / "whole") < ROUNDING


def test_evaluating_a_run_takes_no_more_images_at_once(tmp_path: Path, monkeypatch: Any) -> None:
    sizes: list[int] = []
    from specnet_torch.executable import TorchExecutable

    real = TorchExecutable.forward

    def forward(self: TorchExecutable, inputs: Any) -> Any:
        sizes.append(len(inputs["image"]))
        return real(self, inputs)

    monkeypatch.setattr(TorchExecutable, "forward", forward)
    run(imagewise(), tmp_path / "r", steps=1, micro_batch=64)
    evaluate_run(tmp_path / "r")
    assert max(sizes) == 64


def test_a_layer_that_mixes_images_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    spec = load_spec(document.parse(SMALL, "small.yaml"))
    with pytest.raises(UsageError, match=r"layer 'norm' \(batch_norm\).*micro-batches of 64"):
        run(spec, tmp_path / "r", micro_batch=64)
    assert not (tmp_path / "r").exists()
    assert run(spec, tmp_path / "r", steps=1, micro_batch=200).step == 1


@pytest.mark.parametrize("wrong", ["0", "-3", "all", "2.5"])
def test_a_micro_batch_is_a_number_of_images(cli: Callable[..., Any], specs: Path, wrong: str) -> None:
    done = cli("train", specs / "alexnet_digits.yaml", "--micro-batch", wrong)
    assert done.code == 2
    assert "--micro-batch" in done.err
