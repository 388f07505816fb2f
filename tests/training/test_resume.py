"""A resumed run is the run that never stopped: from every step, in every epoch, with every sample."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

import specnet_torch.executable as executable
from specnet.backend.batch import Batch
from specnet.backend.slots import flat
from specnet.data.base import Wanted
from specnet.data.kinds.digits import Digits
from specnet.diagnostics.errors import RunError
from specnet.runs import checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.spec.flat_text import flat_text
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.terminal.signals import Interrupted
from specnet.testing.comparing import assert_equal
from specnet.training.load import evaluate_run
from specnet.training.trainer import Trainer
from support.training_runs import SMALL, TINY, run

pytestmark = pytest.mark.slow

STEPS = 50


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small only wait for threads that other processes keep from running."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny() -> Spec:
    """Everything that a step depends on, in eight steps an epoch of which the last one is smaller."""
    return load_spec(document.parse(TINY, "tiny.yaml"))


def losses(directory: Path) -> list[Any]:
    entries = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert entries
    return [(e["step"], e.get("loss"), e.get("evaluation")) for e in entries]


def newest(directory: Path) -> checkpoint.Checkpoint:
    path = checkpoint.newest(directory / "checkpoints")
    assert path is not None
    return checkpoint.read(path)


def assert_same(one: Path, other: Path) -> None:
    """The same metrics and, to the last bit, the same state."""
    assert losses(one) == losses(other)
    ours, theirs = newest(one), newest(other)
    assert ours.progress == theirs.progress
    for a, b in ((ours.weights, theirs.weights), (flat(ours.slots), flat(theirs.slots))):
        assert a.keys() == b.keys()
        assert_equal(a, b)


def every_checkpoint(spec: Spec, directory: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Path:
    """Train STEPS steps; returns a folder with the run as it was after each of them, by the step's number."""
    kept = directory.with_name(f"{directory.name}-kept")
    save = RunDirectory.save

    def keep(self: RunDirectory, made: checkpoint.Checkpoint) -> Path:
        path = save(self, made)
        if self.path == directory:
            there = kept / str(made.step)
            shutil.copytree(path, there / "checkpoints" / path.name, dirs_exist_ok=True)
            for name in ("spec.yaml", "metrics.jsonl", "statistics.safetensors"):
                shutil.copy(self.path / name, there)
        return path

    monkeypatch.setattr(RunDirectory, "save", keep)
    run(spec, directory, steps=STEPS, checkpoint_every=1, **options)
    monkeypatch.undo()
    return kept


def test_from_every_one_of_fifty_steps(tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tmp_path / "whole"
    kept = every_checkpoint(tiny, whole, monkeypatch)
    assert sorted(int(path.name) for path in kept.iterdir()) == list(range(1, STEPS + 1))
    for step in range(1, STEPS + 1):
        run(tiny, kept / str(step), steps=STEPS, resume=True, checkpoint_every=None)
        assert_same(kept / str(step), whole)
        shutil.rmtree(kept / str(step))


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_within_an_epoch_in_float32_too(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    options: dict[str, Any] = {"backend": backend, "precision": "float32"}
    kept = every_checkpoint(tiny, tmp_path / "whole", monkeypatch, **options)
    for step in (3, 40):
        run(tiny, kept / str(step), steps=STEPS, resume=True, **options)
        assert_same(kept / str(step), tmp_path / "whole")


BLOCKED = """\
blocks:
  part:
    parameters: [filters]
    layers:
      conv: {kind: conv, from: input, filters: $filters, kernel: 3, activation: relu}
      norm: {kind: batch_norm, from: conv}
      drop: {kind: dropout, from: norm, rate: 0.5}
layers:
  image: {kind: input, shape: [1, 6, 6]}
  stage.1: {kind: block, of: part, from: image, filters: 4}
  stage.2: {kind: block, of: part, from: stage.1, filters: 4}
  out: {kind: dense, from: stage.2, cross_group: true, group: a, units: 4}
"""


def test_a_run_goes_on_as_the_flat_file(tmp_path: Path) -> None:
    text = TINY[: TINY.index("layers:")] + BLOCKED + TINY[TINY.index("training:") :]
    written = document.parse(text, "blocked.yaml")
    flat_file = document.parse(flat_text(written), "flat.yaml")
    blocked, plain = load_spec(written), load_spec(flat_file)
    assert "blocks:" not in flat_file.root.source.text
    for name, first, then in (("one", blocked, plain), ("other", plain, blocked)):
        run(first, tmp_path / name, steps=3)
        run(then, tmp_path / name, steps=6, resume=True)
    assert "stage.2.conv.b.weight" in newest(tmp_path / "one").weights
    assert_same(tmp_path / "one", tmp_path / "other")


PLAIN = SMALL[: SMALL.index("  schedule:")] + "  batch_size: 200\n  epochs: 3\n"
PLAIN = PLAIN.replace("size: 10}", "size: 8}")


@pytest.mark.parametrize("stops", [(), (8, 16), (3, 5, 11, 21)])
def test_every_sample_is_seen_once_an_epoch_however_often_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: tuple[int, ...]
) -> None:
    """The images of all steps taken are the training set, once for each epoch of eight steps."""
    seen: list[list[bytes]] = []
    spec = load_spec(document.parse(PLAIN))
    original = executable.TorchExecutable.train_step

    def watch(self: Any, batch: Batch, *arguments: Any, **options: Any) -> Any:
        seen.append([image.astype(np.uint8).tobytes() for image in batch.images])
        if len(seen) in stops:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, batch, *arguments, **options)

    monkeypatch.setattr(executable.TorchExecutable, "train_step", watch)
    for _ in stops:
        with pytest.raises(Interrupted):
            run(spec, tmp_path / "r", resume=(tmp_path / "r").exists())
    run(spec, tmp_path / "r", resume=bool(stops))
    train = Digits(kind="digits", size=8).open(None, Wanted((1, 8, 8), 10)).train
    images, _ = train.read(np.arange(len(train)))
    everything = Counter(image.tobytes() for image in images)
    assert len(seen) == 24
    for epoch in range(3):
        assert Counter(i for batch in seen[epoch * 8 : epoch * 8 + 8] for i in batch) == everything


def test_an_evaluation_that_a_signal_cut_short_is_made_up_for(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tiny, tmp_path / "whole", epochs=2)
    evaluate = Trainer._evaluate

    def interrupted(self: Trainer, epoch: int) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return evaluate(self, epoch)

    monkeypatch.setattr(Trainer, "_evaluate", interrupted)
    for expected, resume in ((8, False), (8, True)):
        with pytest.raises(Interrupted):
            run(tiny, tmp_path / "r", epochs=2, resume=resume)
        assert newest(tmp_path / "r").step == expected
        assert newest(tmp_path / "r").progress.evaluation is None
    monkeypatch.undo()
    run(tiny, tmp_path / "r", epochs=2, resume=True)
    assert_same(tmp_path / "r", tmp_path / "whole")


def test_a_finished_run_is_not_evaluated_again(
    tiny: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for steps in (8, 11):
        first = run(tiny, tmp_path / f"{steps}", steps=steps)
        before = losses(tmp_path / f"{steps}")
        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "_evaluate", lambda *_: pytest.fail("evaluated again"))
            again = run(tiny, tmp_path / f"{steps}", steps=steps, resume=True)
        assert again.evaluation == first.evaluation
        assert losses(tmp_path / f"{steps}") == before


def test_the_best_epoch_is_saved_and_can_be_evaluated(tiny: Spec, tmp_path: Path) -> None:
    run(tiny, tmp_path / "r", epochs=6, checkpoint_every=1)
    evaluations = newest(tmp_path / "r").progress.evaluations
    ranks = [(e.top1_error, e.loss) for e in evaluations]
    best = 8 * (ranks.index(min(ranks)) + 1)
    assert best < 40, "the images are noise: what is learnt of them does not hold for long"
    assert RunDirectory(tmp_path / "r").best().step == best
    whole = sorted(path.name for path in (tmp_path / "r" / "checkpoints").iterdir())
    assert whole == [f"step-{step:08d}" for step in (best, 47, 48)]
    found = evaluate_run(tmp_path / "r", best=True, progress=Progress(quiet=True))
    assert (found.step, found.evaluation) == (best, evaluations[best // 8 - 1])


def test_a_run_that_was_never_evaluated_has_no_best(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=2)
    for path in (tmp_path / "r" / "checkpoints").iterdir():
        shutil.rmtree(path)
    with pytest.raises(RunError, match="no intact checkpoint that was evaluated"):
        evaluate_run(tmp_path / "r", best=True)


def test_a_checkpoint_from_before_there_were_slots_goes_on(
    small: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file names parameters alone: the arrays are velocities."""
    run(small, tmp_path / "whole", steps=4)
    with monkeypatch.context() as before:
        before.setattr(checkpoint, "flat", lambda slots: slots["velocity"])
        run(small, tmp_path / "r", steps=2)
    (folder,) = (tmp_path / "r" / "checkpoints").iterdir()
    with safe_open(folder / "optimizer.safetensors", "numpy") as opened:
        assert all("/" not in name for name in opened.keys())  # noqa: SIM118
    run(small, tmp_path / "r", steps=4, resume=True)
    steps = [[line[:2] for line in losses(tmp_path / name) if line[1]] for name in ("whole", "r")]
    assert steps[0] == steps[1]
    (mine, theirs) = (flat(newest(tmp_path / name).slots) for name in ("r", "whole"))
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_damaged_statistics_are_named_and_can_be_measured_again(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "whole", steps=4)
    run(small, tmp_path / "r", steps=2)
    path = tmp_path / "r" / "statistics.safetensors"
    good = path.read_bytes()
    for place in (0, 9, 60, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        with pytest.raises(RunError, match=r"statistics\.safetensors is damaged.*\n.*remove it"):
            evaluate_run(tmp_path / "r")
        with pytest.raises(RunError, match=r"statistics\.safetensors is damaged"):
            run(small, tmp_path / "r", steps=4, resume=True)
    path.unlink()
    run(small, tmp_path / "r", steps=4, resume=True)
    assert path.read_bytes() == good
    assert_same_weights(tmp_path / "r", tmp_path / "whole")


def assert_same_weights(one: Path, other: Path) -> None:
    ours, theirs = newest(one).weights, newest(other).weights
    assert_equal(ours, theirs)
