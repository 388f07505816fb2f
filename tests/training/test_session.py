"""Runs on PyTorch: what they leave behind, resuming them, and everything that can be wrong with them."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import specnet
from specnet.backend.slots import flat
from specnet.diagnostics.errors import DataError, DeviceError, PluginError, RunError, SpecError, UsageError
from specnet.runs import checkpoint
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.syntax import document
from specnet.terminal.progress import Progress
from specnet.terminal.signals import Interrupted
from specnet.testing.comparing import assert_equal
from specnet.training.load import evaluate_run
from specnet.training.trainer import Trainer
from support.training_runs import SMALL, run

pytestmark = pytest.mark.slow


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def newest(directory: Path) -> checkpoint.Checkpoint:
    path = checkpoint.newest(directory / "checkpoints")
    assert path is not None
    return checkpoint.read(path)


def test_what_a_run_leaves_behind(small: Spec, tmp_path: Path) -> None:
    result = run(small, tmp_path / "r")
    assert result.step == 16
    written = lines(tmp_path / "r")
    steps = [line for line in written if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, 17))
    assert [line["epoch"] for line in steps] == [1] * 8 + [2] * 8
    about = {"step", "epoch", "loss", "learning_rate", "images_per_second", "data_wait", "top1_error"}
    assert set(steps[0]) == about
    assert [line["step"] for line in written if "evaluation" in line] == [8, 16]
    assert written[-1]["evaluation"] == result.evaluation.as_json()
    assert load_spec(tmp_path / "r" / "spec.yaml").as_yaml() == small.as_yaml()
    assert newest(tmp_path / "r").step == 16
    assert newest(tmp_path / "r").weights["norm.a.running_mean"].any()


def test_the_same_seed_is_the_same_run_and_another_is_not(small: Spec, tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        run(small, tmp_path / name, seed=seed, steps=5)
    losses = {name: [x["loss"] for x in lines(tmp_path / name)[:5]] for name in ("one", "two", "other")}
    assert losses["one"] == losses["two"]
    assert losses["one"][0] != losses["other"][0]
    one, two = newest(tmp_path / "one").weights, newest(tmp_path / "two").weights
    assert_equal(one, two)


@pytest.mark.parametrize("stop", [3, 8, 13])
def test_a_resumed_run_is_the_run_that_never_stopped(small: Spec, tmp_path: Path, stop: int) -> None:
    run(small, tmp_path / "whole")
    run(small, tmp_path / "parts", steps=stop)
    run(small, tmp_path / "parts", resume=True)
    whole, parts = newest(tmp_path / "whole"), newest(tmp_path / "parts")
    assert_equal(parts.weights, whole.weights)
    assert_equal(flat(parts.slots), flat(whole.slots))
    steps = {d: [x["loss"] for x in lines(tmp_path / d) if "loss" in x] for d in ("whole", "parts")}
    assert steps["whole"] == steps["parts"]


def test_steps_after_the_last_checkpoint_are_done_again(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=6, checkpoint_every=2)
    with (tmp_path / "r" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 7, "epoch": 1, "loss": 0.5}\n{"step": 8, "ep')
    run(small, tmp_path / "r", resume=True, epochs=1)
    assert [x["step"] for x in lines(tmp_path / "r") if "loss" in x] == list(range(1, 9))


def test_a_run_that_stopped_before_its_first_checkpoint_can_be_resumed(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    for path in sorted((tmp_path / "r" / "checkpoints").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert run(small, tmp_path / "r", resume=True, steps=2).step == 2


def test_a_damaged_checkpoint_is_passed_over(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=4, checkpoint_every=2)
    weights = tmp_path / "r" / "checkpoints" / "step-00000004" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    run(small, tmp_path / "r", steps=5, resume=True)
    assert [x["step"] for x in lines(tmp_path / "r") if "loss" in x] == [1, 2, 3, 4, 5]
    assert newest(tmp_path / "r").step == 5


def test_a_damaged_checkpoint_is_named_and_costs_no_whole_one(
    small: Spec, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(small, tmp_path / "r", steps=6, checkpoint_every=2)
    folder = tmp_path / "r" / "checkpoints"
    (folder / "step-00000006" / "weights.safetensors").unlink()
    for stray in ("step-00000098", "step-00000099", "step-00000004.bak"):
        (folder / stray).mkdir()
    evaluate_run(tmp_path / "r")
    assert "step-00000006 is damaged and passed over" in capsys.readouterr().err
    run(small, tmp_path / "r", steps=5, resume=True)
    whole = [p.name for p in sorted(folder.iterdir()) if checkpoint.problem(p) is None]
    assert whole == ["step-00000004", "step-00000005"]
    assert (folder / "step-00000004.bak").exists()


def test_other_data_is_refused_at_resume_but_data_may_move(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    with pytest.raises(RunError, match="--data digits, not synthetic"):
        run(small, tmp_path / "r", steps=2, resume=True, data="synthetic")
    assert run(small, tmp_path / "r", steps=2, resume=True, data="digits").step == 2


def test_evaluating_a_run_gives_its_last_evaluation(small: Spec, tmp_path: Path) -> None:
    trained = run(small, tmp_path / "r")
    again = evaluate_run(tmp_path / "r", progress=Progress(quiet=True))
    assert again.evaluation == trained.evaluation
    assert again.step == 16


def test_a_second_run_in_the_same_place_is_refused(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    with pytest.raises(RunError, match="holds a run already"):
        run(small, tmp_path / "r", steps=1)


def test_a_second_trainer_is_refused_at_once(small: Spec, tmp_path: Path) -> None:
    from specnet.runs.run_directory import RunDirectory

    run(small, tmp_path / "r", steps=1)
    holder = RunDirectory(tmp_path / "r")
    holder.hold(make=False)
    try:
        with pytest.raises(RunError, match="another trainer"):
            run(small, tmp_path / "r", steps=2, resume=True)
    finally:
        holder.release()


def test_a_changed_spec_is_shown_and_refused(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    changed = load_spec(document.parse(SMALL.replace("rate: 0.5", "rate: 0.4")))
    with pytest.raises(RunError, match=r"layers\.drop\.rate: 0\.5 -> 0\.4"):
        run(changed, tmp_path / "r", steps=2, resume=True)
    longer = load_spec(document.parse(SMALL.replace("epochs: 2", "epochs: 3")))
    assert run(longer, tmp_path / "r", steps=2, resume=True).step == 2


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"backend": "torhc"}, PluginError, "did you mean 'torch'?"),
        ({"devices": "cuda:99"}, DeviceError, "there is no device 'cuda:99'"),
        ({"data": "digit"}, DataError, "did you mean 'digits'?"),
        ({"data": "image_folder:/nowhere/at/all"}, DataError, "3 channels|does not exist"),
        ({"data": "synthetic", "epochs": 1, "steps": 1}, UsageError, "not both"),
        ({"resume": True}, RunError, "holds no run"),
        ({"steps": 0}, UsageError, "at least 1"),
        ({"checkpoint_every": 1.5}, UsageError, "at least 1"),
        ({"precision": "float16"}, UsageError, "no precision 'float16'"),
    ],
)
def test_what_cannot_be_done_is_one_error_and_leaves_nothing(
    small: Spec, tmp_path: Path, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words.replace("?", r"\?")):
        run(small, tmp_path / "r", **options)
    assert not (tmp_path / "r").exists()


def test_images_of_the_wrong_size_are_refused(tmp_path: Path) -> None:
    spec = load_spec(document.parse(SMALL.replace("size: 10}", "size: 6}")))
    with pytest.raises(DataError, match="the images are 1x6x6"):
        run(spec, tmp_path / "r")


def test_more_classes_than_outputs_are_refused(tmp_path: Path) -> None:
    spec = load_spec(document.parse(SMALL.replace("units: 10", "units: 9")))
    with pytest.raises(DataError, match=r"10 classes.*tells 9 apart"):
        run(spec, tmp_path / "r")


def test_a_spec_without_a_recipe_cannot_be_trained(tmp_path: Path) -> None:
    spec = load_spec(document.parse(SMALL[: SMALL.index("training:")]))
    with pytest.raises(UsageError, match="no training section"):
        run(spec, tmp_path / "r")


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    """Each step multiplies the weights by 10^18, until float32 cannot hold them."""
    rule = "learning_rate: 1e9, momentum: 0.9, weight_decay: 1e9"
    spec = load_spec(
        document.parse(SMALL.replace("learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-4", rule))
    )
    with pytest.raises(RunError, match=r"the loss is (nan|inf) at step"):
        run(spec, tmp_path / "r", checkpoint_every=1, precision="float32")
    assert checkpoint.newest(tmp_path / "r" / "checkpoints") is not None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_stops(
    small: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    assert threading.current_thread() is threading.main_thread()
    record, sent, usual = Trainer._record, list[int](), signal.getsignal(number)

    def kill_at_five(self: Trainer, *arguments: Any) -> None:
        if self.step == 5 and not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        record(self, *arguments)

    monkeypatch.setattr(Trainer, "_record", kill_at_five)
    with pytest.raises(Interrupted) as caught:
        run(small, tmp_path / "r")
    assert caught.value.exit_code == code
    assert newest(tmp_path / "r").step == 5
    monkeypatch.undo()
    assert signal.getsignal(number) == usual, "the handlers are put back"
    run(small, tmp_path / "r", resume=True)
    run(small, tmp_path / "whole")
    parts, whole = newest(tmp_path / "r").weights, newest(tmp_path / "whole").weights
    assert_equal(parts, whole)


def test_two_signals_at_once_are_one(small: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, sent = Trainer._record, list[int]()

    def kill_twice(self: Trainer, *arguments: Any) -> None:
        if self.step == 3 and not sent:
            sent.append(self.step)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        record(self, *arguments)

    monkeypatch.setattr(Trainer, "_record", kill_twice)
    with pytest.raises(Interrupted):
        run(small, tmp_path / "r")
    assert newest(tmp_path / "r").step == 3


def test_a_network_with_nothing_to_train_is_refused(tmp_path: Path) -> None:
    text = """\
specnet: 1
name: nothing
data: {kind: synthetic}
layers:
  a: {kind: input, shape: [10]}
  c: {kind: dropout, from: a, rate: 0.5}
training:
  loss: {kind: softmax_cross_entropy, from: c}
  optimizer: {kind: sgd, learning_rate: 0.01}
"""
    with pytest.raises(SpecError, match="SN617"):
        run(load_spec(document.parse(text)), tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_findings_come_as_a_list_whatever_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\na: 2\n")
    assert [d.code for d in specnet.validate(path)] == ["SN102"]


def test_the_public_functions(small: Spec, specs: Path) -> None:
    assert specnet.validate(specs / "alexnet.yaml") == []
    assert specnet.load(small) is small
    model = specnet.compile(small, backend="torch")
    assert set(model.state_dict()) >= {"conv.a.weight", "norm.b.running_var", "out.a.bias"}
