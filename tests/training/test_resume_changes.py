"""What may change in a run that goes on, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specnet.diagnostics.errors import DataError, RunError, UsageError
from specnet.runs import checkpoint
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.syntax import document
from support.training_runs import SMALL, run

pytestmark = pytest.mark.slow


def changed(*replacements: tuple[str, str]) -> Spec:
    text = SMALL
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return load_spec(document.parse(text))


def test_what_an_optimizer_keeps_cannot_change(small: Spec, tmp_path: Path) -> None:
    """Velocities that hold the rate are no use to a rule that multiplies by it."""
    run(small, tmp_path / "r", steps=1)
    other = changed(("momentum: 0.9, ", "momentum: 0.9, rate: outside, "), ("rate: 0.05", "rate: 0.005"))
    with pytest.raises(RunError, match=r"'training\.optimizer\.rate' cannot change within a run"):
        run(other, tmp_path / "r", steps=2, resume=True, allow_changes=True)


def test_an_allowed_change_is_made_and_written_down(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=3)
    changes = ("learning_rate: 0.05", "learning_rate: 0.005"), ("momentum: 0.9, ", "")
    slower = changed(*changes)
    with pytest.raises(RunError, match="--allow-changes goes on with the new recipe"):
        run(slower, tmp_path / "r", steps=5, resume=True)
    assert RunDirectory(tmp_path / "r").stored_spec().history == []
    run(slower, tmp_path / "r", steps=5, resume=True, allow_changes=True)
    kept = RunDirectory(tmp_path / "r").stored_spec()
    # Five steps are in the first epoch.
    assert kept.spec.as_yaml() == changed(*changes, ("epochs: 2", "epochs: 1")).as_yaml()
    assert kept.history == [
        "3: training.optimizer.learning_rate: 0.05 -> 0.005",
        "3: training.optimizer.momentum: 0.9 -> 0",
        "3: --steps: 3 -> 5",
    ]
    lines = (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()
    rates = [json.loads(line).get("learning_rate") for line in lines]
    assert [rate for rate in rates if rate] == [0.05] * 3 + [0.005] * 2
    # It is the run's own recipe now, and going back is a change again.
    run(slower, tmp_path / "r", steps=6, resume=True)
    with pytest.raises(RunError, match=r"0\.005 -> 0\.05"):
        run(small, tmp_path / "r", steps=7, resume=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("units: 16", "units: 18"), "layers.fc.units: 16 -> 18"),
        (("batch_size: 200", "batch_size: 100"), "'training.batch_size' cannot change within a run"),
        (("size: 10}", "size: 12}"), "'data.size' cannot change within a run"),
        (("groups: [a, b]", "groups: [a, c]"), "'groups.b' cannot change within a run"),
    ],
)
def test_what_is_no_recipe_is_refused_all_the_same(
    small: Spec, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    run(small, tmp_path / "r", steps=1)
    before = (tmp_path / "r" / "spec.yaml").read_bytes()
    other = changed(change)
    with pytest.raises(RunError) as caught:
        run(other, tmp_path / "r", steps=2, resume=True, allow_changes=True)
    assert words in str(caught.value)
    assert (tmp_path / "r" / "spec.yaml").read_bytes() == before


def test_changes_can_only_be_allowed_to_a_run_that_goes_on(small: Spec, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="add --resume"):
        run(small, tmp_path / "r", allow_changes=True)


def test_a_training_set_of_another_size_or_order_is_refused(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    path = checkpoint.newest(tmp_path / "r" / "checkpoints")
    assert path is not None
    saved = checkpoint.read(path)
    fewer = replace(saved.progress, step=2, train_images=1200)
    turned = replace(saved.progress, step=3, classes=tuple("1234567890"))
    for progress in (fewer, turned):
        checkpoint.write(path.parent, checkpoint.Checkpoint(saved.weights, saved.slots, progress))
        with pytest.raises(DataError, match=r"started with 1,200|classes are not those"):
            run(small, tmp_path / "r", steps=9, resume=True)
