"""A dry run: what it shows is what training does, what training refuses it refuses, and it writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import DataError, DeviceError, RunError, UsageError
from specnet.spec.spec import Spec
from support.training_runs import SMALL, dry, run

Cli = Callable[..., Any]


def test_it_shows_what_training_does(small: Spec, tmp_path: Path) -> None:
    found = dry(small, tmp_path / "r")
    # 1,437 digits in batches of 200 are 8 steps, for 2 epochs.
    assert (found.steps_per_epoch, found.start, found.stop) == (8, 0, 16)
    assert (found.contents.train_images, found.contents.test_images, found.contents.classes) == (
        1437,
        360,
        10,
    )
    assert found.placement == {"a": "cpu", "b": "cpu"}
    assert found.devices() == {"cpu": sum(found.memory.values())}
    assert not (tmp_path / "r").exists()
    assert run(small, tmp_path / "r").step == found.stop
    with pytest.raises(RunError, match="holds a run already"):
        dry(small, tmp_path / "r")
    before = sorted((p, p.stat().st_mtime_ns) for p in (tmp_path / "r").rglob("*"))
    further = dry(small, tmp_path / "r", epochs=3, resume=True)
    assert (further.start, further.stop) == (16, 24)
    assert sorted((p, p.stat().st_mtime_ns) for p in (tmp_path / "r").rglob("*")) == before
    assert small.training is not None
    slower = small.training.optimizer.model_copy(update={"learning_rate": 0.01})
    other = small.model_copy(update={"training": small.training.model_copy(update={"optimizer": slower})})
    with pytest.raises(RunError, match="differs from that of the run"):
        dry(other, tmp_path / "r", epochs=3, resume=True)
    assert dry(other, tmp_path / "r", epochs=3, resume=True, allow_changes=True).start == 16


def test_double_precision_needs_twice_the_memory(small: Spec, tmp_path: Path) -> None:
    single, double = (dry(small, tmp_path / "r", precision=p) for p in ("float32", "float64"))
    assert double.memory == {group: 2 * held for group, held in single.memory.items()}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"devices": "cuda:99"}, DeviceError),
        ({"data": "image_folder:/nowhere/at/all"}, DataError),
        ({"resume": True}, RunError),
        ({"epochs": 1, "steps": 1}, UsageError),
        ({"allow_changes": True}, UsageError),
        ({"checkpoint_every": "soon"}, UsageError),
    ],
)
def test_it_refuses_what_training_refuses(
    small: Spec, tmp_path: Path, options: dict[str, Any], error: type[Exception]
) -> None:
    for refuses in (dry, run):
        with pytest.raises(error):
            refuses(small, tmp_path / "r", **options)
        assert not (tmp_path / "r").exists()


def test_from_the_command_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(SMALL)
    Path("b.yaml").write_text(SMALL.replace("name: small", "name: other"))
    shown = cli("train", "a.yaml", "--dry-run", "--epochs", 3)
    assert shown.code == 0
    assert "8 an epoch, batches of 200; 24 in 3 epochs" in shown.out
    assert "conv   conv" in shown.out
    found = json.loads(cli("train", "a.yaml", "--dry-run", "--json").out)
    assert found["run_dir"] == "runs/small"
    assert found["devices"]["cpu"]["least_memory"] == sum(g["least_memory"] for g in found["groups"].values())
    both = json.loads(cli("train", "a.yaml", "b.yaml", "--dry-run", "--json", "--run-dir", "x").out)
    assert [entry["run_dir"] for entry in both["runs"]] == ["x/small", "x/other"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.yaml", "b.yaml"]
