"""Several specs in one go: one that fails stops no other, finished ones are passed over, a table compares."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet.diagnostics.errors import UsageError
from specnet.network.network import analyse
from specnet.runs.records import Evaluation
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.terminal.signals import Interrupted
from specnet.training.ablation import Outcome, compared, outcomes_as_json, train_all
from specnet.training.evaluation import Result
from specnet.training.options import TrainOptions
from specnet.training.trainer import Trainer
from support.training_runs import SMALL

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


def spec(name: str, before: str = "", after: str = "") -> Spec:
    text = SMALL.replace("name: small", f"name: {name}")
    return load(document.parse(text.replace(before, after)))


def trained(specs: list[Spec], folder: Path, *, resume: bool = False, **options: Any) -> list[Outcome]:
    asked = TrainOptions(resume=resume, **options)
    return list(train_all([analyse(spec) for spec in specs], folder, asked, Progress(quiet=True)))


def test_one_that_fails_stops_no_other_and_a_second_time_only_that_one_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = spec("broken", "size: 10}", "size: 6}"), spec("broken")
    first = trained([spec("one"), broken, spec("two")], tmp_path, steps=2)
    assert [o.error is None for o in first] == [True, False, True]
    assert "the images are 1x6x6" in (first[1].reason or "")
    steps = []
    train = Trainer.train

    def watched(self: Trainer) -> Evaluation:
        steps.append((self.plan.name, self.step, self.state.stop))
        return train(self)

    monkeypatch.setattr(Trainer, "train", watched)
    again = trained([spec("one"), whole, spec("two")], tmp_path, resume=True, steps=2)
    assert steps == [("broken", 0, 2)]
    assert again[0].result == first[0].result
    further = trained([spec("one"), whole, spec("two")], tmp_path, resume=True, epochs=1)
    assert steps[1:] == [("one", 2, 8), ("broken", 2, 8), ("two", 2, 8)]
    assert [o.result.step for o in further if o.result] == [8, 8, 8]


def test_a_finished_run_of_another_spec_is_not_passed_over(tmp_path: Path) -> None:
    trained([spec("one"), spec("two")], tmp_path, steps=1)
    changed = [spec("one", "rate: 0.5", "rate: 0.4"), spec("two")]
    outcomes = trained(changed, tmp_path, resume=True, steps=1)
    assert "differs from that of the run" in (outcomes[0].reason or "")
    assert outcomes[1].error is None


def test_an_interrupt_stops_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Evaluation:
        raise Interrupted(2, "x")

    monkeypatch.setattr(Trainer, "train", interrupted)
    with pytest.raises(Interrupted):
        trained([spec("one"), spec("two")], tmp_path)
    assert not (tmp_path / "two").exists()


def test_two_specs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two specs are named 'one'"):
        trained([spec("one"), spec("one")], tmp_path)
    assert not list(tmp_path.iterdir())


OUTCOMES = [
    Outcome("alexnet", Path("r/a"), 60_965_224, Result(Path("r/a"), 900, Evaluation(1.5, 0.385, 0.17)), 61),
    Outcome("failed", Path("r/b"), 10, error=UsageError("no disk", "a hint")),
    Outcome("no_lrn", Path("r/c"), 60_965_224, Result(Path("r/c"), 900, Evaluation(1.6, 0.4, 0.18)), 59),
]


def test_the_table() -> None:
    rows = [line.split() for line in compared(OUTCOMES).splitlines()]
    assert rows[2] == ["alexnet", "60,965,224", "900", "1.5000", "38.50%", "17.00%", "1m", "01s"]
    assert rows[3] == ["failed", "10", "failed"]
    assert rows[4] == ["no_lrn", "60,965,224", "900", "1.6000", "40.00%", "18.00%", "+1.50", "59s"]
    found = outcomes_as_json(OUTCOMES)
    assert found[1]["error"] == "no disk"
    assert found[2]["top1_difference"] == pytest.approx(0.015)


def test_from_the_command_line(cli: Cli, tmp_path: Path) -> None:
    paths = []
    for name in ("one", "two"):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(SMALL.replace("name: small", f"name: {name}"))
    paths.insert(1, tmp_path / "broken.yaml")
    paths[1].write_text(SMALL.replace("name: small", "name: broken").replace("size: 10}", "size: 6}"))
    options = ("--run-dir", tmp_path / "runs", "--steps", 1)
    done = cli("train", *paths, *options)
    assert done.code == 2
    assert [line.split()[0] for line in done.out.splitlines()[2:-1]] == ["one", "broken", "two"]
    assert done.err.count("error:") == 1
    again = cli("train", *paths, *options, "--resume", "--json")
    runs = json.loads(again.out)["runs"]
    assert [entry["step"] for entry in runs] == [1, None, 1]
    assert runs[0]["top1_difference"] == 0
    paths[0].write_text("specnet: 1\n")
    paths[1].write_text("specnet: 1\n")
    wrong = cli("train", *paths, "--run-dir", tmp_path / "other")
    assert wrong.code == 1
    assert str(paths[0]) in wrong.err
    assert str(paths[1]) in wrong.err
    assert not (tmp_path / "other").exists()
    # Evaluating several, one of which is no run.
    one, two = (tmp_path / "runs" / name for name in ("one", "two"))
    both = cli("evaluate", one, tmp_path / "nowhere", two, "--json")
    assert both.code == 2
    found = json.loads(both.out)["runs"]
    assert [entry["run_dir"] for entry in found] == [str(one), str(two)]
    assert found[0]["evaluation"] == runs[0]["evaluation"]
    assert cli("curves", one, two, "-o", tmp_path / "c.png").code == 0
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    listed = json.loads(cli("runs", tmp_path, "--json").out)
    assert [(r["spec"], r["state"]) for r in listed["runs"]] == [("one", "finished"), ("two", "finished")]
