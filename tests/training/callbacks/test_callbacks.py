"""What a callback is told and when, and when a run is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import Evaluation, EvaluationLine, Line, RunProgress, StepLine
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.training import session
from specnet.training.callbacks.callback import Callback
from specnet.training.callbacks.checkpoints import Checkpoints, is_best
from specnet.training.callbacks.metrics import Metrics
from specnet.training.options import Interval
from support.training_runs import TINY, run


class Diary(Callback):
    """Writes down what it is told, and asks for a checkpoint after step 3."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, step: int) -> None:
        self.told.append(f"begin {step}")

    def step(self, line: StepLine, images: int) -> None:
        self.told.append(f"step {line.step} of {images}")

    def evaluating(self, epoch: int, done: int, total: int) -> None:
        self.told.append(f"evaluating {epoch} {done}/{total}")

    def line(self, line: Line) -> None:
        kind = "evaluation" if isinstance(line, EvaluationLine) else "loss"
        self.told.append(f"{kind} {line.step}")

    def wants_checkpoint(self, progress: RunProgress) -> bool:
        return progress.step == 3

    def save(self, checkpoint: Checkpoint) -> None:
        self.told.append(f"save {checkpoint.step}")

    def close(self) -> None:
        self.told.append("close")


@pytest.fixture
def tiny() -> Spec:
    return load(document.parse(TINY.replace("train_images: 60", "train_images: 32")))


def test_what_is_told_and_in_which_order(tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """32 images in batches of 8: an epoch has four steps. No loss is asked for before it is needed."""
    diary, files = Diary(), session._files
    monkeypatch.setattr(session, "_files", lambda *arguments: [*files(*arguments), diary])
    monkeypatch.setattr("specnet.training.trainer.SLOW", 1e9)
    run(tiny, tmp_path / "r", steps=5)
    evaluating = [f"evaluating 1 {done}/20" for done in (0, 8, 16, 20)]
    assert diary.told[:7] == ["begin 0", "step 1 of 8", "step 2 of 8", "loss 1", "loss 2", "loss 3", "save 3"]
    assert diary.told[7:9] == ["step 3 of 8", "loss 4"]
    assert diary.told[9:16] == [*evaluating, "evaluation 4", "save 4", "step 4 of 8"]
    last = [text.replace("evaluating 1", "evaluating 2") for text in evaluating]
    assert diary.told[16:] == ["step 5 of 8", "loss 5", *last, "evaluation 5", "save 5", "close"]
    assert (tmp_path / "r" / "checkpoints" / "step-00000004").is_dir()


def test_metrics_are_on_the_disk_before_the_checkpoint(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for kind, name in ((Metrics, "save"), (RunDirectory, "save")):
        usual: Callable[..., Any] = getattr(kind, name)

        def told(self: object, made: Checkpoint, kind: type = kind, usual: Any = usual) -> Any:
            done.append(kind.__name__)
            return usual(self, made)

        monkeypatch.setattr(kind, name, told)
    run(tiny, tmp_path / "r", steps=5, checkpoint_every=2)
    assert done[::2] == ["Metrics"] * (len(done) // 2)
    assert done[1::2] == ["RunDirectory"] * (len(done) // 2)
    assert len(done) == 2 * 3


def scores(error: float, loss: float = 1.0) -> Evaluation:
    return Evaluation(loss=loss, top1_error=error, top5_error=0.0)


@pytest.mark.parametrize(
    ("evaluations", "expected"),
    [
        ([], False),
        ([scores(0.5)], True),
        ([scores(0.5), scores(0.4)], True),
        ([scores(0.4), scores(0.5)], False),
        ([scores(0.4, 1.0), scores(0.4, 0.9)], True),
        ([scores(0.4, 0.9), scores(0.4, 0.9)], False),
        ([scores(0.3), scores(0.5), scores(0.4)], False),
    ],
)
def test_the_best_is_better_than_all_before(evaluations: list[Evaluation], expected: bool) -> None:
    own = evaluations[-1] if evaluations else None
    progress = RunProgress(step=8, stop=80, evaluations=tuple(evaluations), evaluation=own)
    assert is_best(progress) == expected
    assert not is_best(replace(progress, step=9, evaluation=None)), "that was the step before"


def test_an_interval_is_of_no_use_at_the_end(tmp_path: Path) -> None:
    told: list[str] = []
    checkpoints = Checkpoints(RunDirectory(tmp_path), Interval(steps=4), told.append)
    wants = [
        checkpoints.wants_checkpoint(RunProgress(step=step, stop=8, evaluations=())) for step in range(1, 9)
    ]
    assert [step for step, wanted in enumerate(wants, 1) if wanted] == [4], "the trainer saves at the end"
