"""`train --weights`: what a run starts from, what it keeps of that, and how it goes on."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import RunError, UsageError
from specnet.network.network import analyse
from specnet.runs import checkpoint, listing
from specnet.runs.run_directory import RunDirectory
from specnet.spec import spec
from specnet.spec.spec import Spec
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.testing.comparing import assert_equal
from specnet.training.options import TrainOptions
from specnet.training.session import train
from support.training_runs import TINY, dry, run

pytestmark = pytest.mark.slow

FIVE = TINY.replace("units: 4", "units: 5").replace(
    "  batch_size: 8", "  frozen: [conv, norm]\n  batch_size: 8"
)


def read(text: str) -> Spec:
    return spec.load(document.parse(text, "x.yaml"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first") / "run"
    run(read(TINY), folder, steps=5)
    return folder


def test_a_run_stopped_before_its_first_checkpoint_goes_on_from_the_weights(
    first: Path, tmp_path: Path
) -> None:
    """The file may be gone, the result is that of a run that was not stopped, and the origin stays."""
    source = tmp_path / "source"
    shutil.copytree(first, source)
    run(read(FIVE), tmp_path / "whole", steps=8, weights=source)
    run(read(FIVE), tmp_path / "parts", steps=3, weights=source)
    begun = RunDirectory(tmp_path / "parts")
    shutil.rmtree(source)
    shutil.rmtree(begun.checkpoints / "step-00000003")
    (tmp_path / "parts" / "metrics.jsonl").write_text("")
    assert [path.name for path in begun.checkpoints.iterdir()] == ["step-00000000"]
    options = begun.stored_spec().options["weights"]
    assert options["source"] == f"{source}, step 5"
    assert options["initialized"] == ["out.a.weight", "out.a.bias"]
    run(read(FIVE), tmp_path / "parts", steps=8, resume=True)
    assert_equal(begun.newest().weights, RunDirectory(tmp_path / "whole").newest().weights)
    assert begun.stored_spec().options["weights"] == options
    assert listing.look(begun.path).weights == f"{source}, step 5"
    assert not [line for line in begun.stored_spec().history if "weights" in line]


def test_the_first_checkpoint_is_what_was_loaded_and_the_rest_initial(first: Path, tmp_path: Path) -> None:
    run(read(FIVE), tmp_path / "new", steps=1, weights=first, seed=4)
    run(read(FIVE), tmp_path / "plain", steps=1, seed=4)
    at_start = RunDirectory(tmp_path / "new")
    saved, plain = RunDirectory(first).newest().weights, RunDirectory(tmp_path / "plain").newest().weights
    begun = checkpoint.read(at_start.checkpoints / "step-00000000")
    kept = [name for name in saved if not name.startswith("out")]
    assert_equal({name: begun.weights[name] for name in kept}, {name: saved[name] for name in kept})
    assert not any(values.any() for arrays in begun.slots.values() for values in arrays.values())
    after = at_start.newest()
    assert_equal({name: after.weights[name] for name in kept}, {name: saved[name] for name in kept})
    assert (after.weights["out.a.weight"] != plain["out.a.weight"]).any()


def test_with_weights_there_is_nothing_to_resume_and_frozen_layers_stay_frozen(
    first: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="has its weights already"):
        TrainOptions(weights=first, resume=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="neither a run nor a checkpoint"):
        run(read(FIVE), tmp_path / "new", steps=1, weights=tmp_path / "empty")
    assert not (tmp_path / "new").exists()
    run(read(FIVE), tmp_path / "new", steps=1, weights=first)
    with pytest.raises(RunError, match=r"training\.frozen") as caught:
        run(read(FIVE.replace("[conv, norm]", "conv")), tmp_path / "new", resume=True, allow_changes=True)
    assert "--weights" in str(caught.value.hint)


def test_a_dry_run_shows_the_account_and_writes_nothing(first: Path, tmp_path: Path) -> None:
    shown = dry(read(FIVE), tmp_path / "new", weights=first)
    assert "refused, and so initialized: out.a.weight" in str(shown)
    assert shown.as_json()["weights"]["initialized"] == ["out.a.weight", "out.a.bias"]
    assert not (tmp_path / "new").exists()


def test_the_account_comes_before_the_first_step(first: Path, tmp_path: Path) -> None:
    told = io.StringIO()
    options = TrainOptions(run_dir=tmp_path / "new", steps=2, weights=first / "checkpoints" / "step-00000005")
    train(analyse(read(FIVE)), options, Progress(told))
    lines = told.getvalue().splitlines()
    (head,) = [index for index, line in enumerate(lines) if line.startswith(f"weights of {first}, step 5: ")]
    assert lines[head + 1].startswith(
        "loaded: conv.a (weight, bias), conv.b (weight, bias), norm.a (weight, bias, running_mean,"
    )
    assert all("step 2" not in line for line in lines[: head + 4])


def test_from_the_command_line(first: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "five.yaml").write_text(FIVE)
    done = cli(
        "train",
        tmp_path / "five.yaml",
        "--weights",
        first,
        "--run-dir",
        tmp_path / "new",
        "--steps",
        "1",
        "--json",
    )
    assert (done.code, json.loads(done.out)["step"]) == (0, 1)
    assert "weights of" in done.err
    gone = cli(
        "train", tmp_path / "five.yaml", "--weights", tmp_path / "gone", "--run-dir", tmp_path / "other"
    )
    assert (gone.code, "cannot read" in gone.err) == (2, True)
