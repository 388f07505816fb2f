"""What a run shows: pictures beside it, which kernels they draw, and that nothing of this can stop a run."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from specnet.network.network import analyse
from specnet.plans import plan as plans
from specnet.runs import tensorboard
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.history import History
from specnet.runs.records import Evaluation, EvaluationLine, RunProgress, StepLine
from specnet.spec.spec import Spec
from specnet.spec.spec import load as load_spec
from specnet.storage.folder import Folder
from specnet.terminal.progress import EVERY, Progress
from specnet.training.callbacks.pictures import Pictures, first_kernels
from specnet.training.callbacks.tensorboard import TensorBoard
from support.training_runs import run


def kernels(path: Path) -> list[str]:
    return first_kernels(plans.make(analyse(load_spec(path))))


def test_the_first_layers_kernels_are_found_in_either_form(specs: Path) -> None:
    assert kernels(specs / "alexnet.yaml") == ["conv1.gpu0.weight", "conv1.gpu1.weight"]
    assert kernels(specs / "alexnet_towers.yaml") == ["conv1a.gpu0.weight", "conv1b.gpu1.weight"]
    assert [name.split(".")[0] for name in kernels(specs / "resnet18.yaml")] == ["conv1"]


def test_pictures_lie_beside_the_run(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r")
    for name in ("curves.png", "kernels.png"):
        assert (tmp_path / "r" / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert not list((tmp_path / "r").glob(".*writing"))


def test_without_pillow_there_is_one_note_and_no_picture(
    small: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    # The digits need Pillow too, so it goes once they are read.
    monkeypatch.setattr(
        "specnet.training.prepare.check_images", lambda *_: monkeypatch.setitem(sys.modules, "PIL", None)
    )
    run(small, tmp_path / "r", progress=Progress(stream))
    assert stream.getvalue().count("pillow") == 1
    assert "pip install 'specnet[data]'" in stream.getvalue()
    assert not list((tmp_path / "r").glob("*.png"))


def test_a_view_that_cannot_be_written_is_said_once_and_the_run_goes_on(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=2)
    for path in (tmp_path / "r" / "events").iterdir():
        path.unlink()
    (tmp_path / "r" / "events").rmdir()
    (tmp_path / "r" / "events").write_text("in the way")
    stream = io.StringIO()
    assert run(small, tmp_path / "r", steps=4, resume=True, progress=Progress(stream)).step == 4
    assert stream.getvalue().count("events") == 1
    assert "the run goes on" in stream.getvalue()


def test_events_that_were_lost_are_written_again_at_resume(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=9)
    (path,) = (tmp_path / "r" / "events").iterdir()
    found = list(tensorboard.records(path))
    # Version, start, steps 1 to 4: as if the power had gone before the rest reached the disk.
    path.write_bytes(b"".join(map(tensorboard.record, found[:6])) + b"\x00" * 40)
    assert tensorboard.last_step_of(path) == 4
    run(small, tmp_path / "r", steps=10, resume=True)
    newest = sorted((tmp_path / "r" / "events").iterdir())[-1]
    steps = [tensorboard._step(data)[0] for data in tensorboard.records(newest)][2:]
    # 8 and 9 are evaluated as well, and after step 9 the run was at its end.
    assert steps[:8] == [4, 5, 6, 7, 8, 8, 9, 9]
    assert 10 in steps


def shown(small: Spec, folder: Path, *, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a run writes on a terminal or into a pipe, with a line drawn at every step."""
    for live in EVERY:
        monkeypatch.setitem(EVERY, live, 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    reader, writer = pty.openpty() if terminal else os.pipe()
    parts: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(reader, 65536):
                parts.append(part)
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass

    thread = threading.Thread(target=read)
    thread.start()
    with os.fdopen(writer, "w") as stream:
        run(small, folder, progress=Progress(stream))
    thread.join()
    os.close(reader)
    return b"".join(parts).decode().replace("\r\n", "\n")


STEP = re.compile(
    r"epoch (\d)/2  step (\d+)/16  ETA (?:\d+m \d\ds|\d+s|\?)  (?:loss \d+\.\d{4}  )?"
    r"(?:test error \d+\.\d%  )?[\d,]+ images/s  data wait \d+\.\d%  lr 0\.05"
)


def test_progress_in_a_pipe_and_on_a_terminal(
    small: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specnet.training.trainer.SLOW", 1e9)
    piped = shown(small, tmp_path / "pipe", terminal=False, monkeypatch=monkeypatch)
    assert "\033" not in piped
    assert "\r" not in piped
    steps = [line for line in piped.splitlines() if " step " in line and "ETA" in line]
    assert [STEP.fullmatch(line).group(2) for line in steps] == [str(n) for n in range(1, 17)]  # type: ignore[union-attr]
    assert "error" not in steps[7 - 1]
    assert "error" in steps[9 - 1]
    assert "loss" not in steps[7 - 1], "eight losses may still be under way"
    monkeypatch.setattr("specnet.training.trainer.SLOW", 0.0)
    live = shown(small, tmp_path / "terminal", terminal=True, monkeypatch=monkeypatch)
    drawn = [part for part in live.split("\r\033[K") if "ETA" in part and " step " in part]
    assert len(drawn) == 16
    assert all(STEP.fullmatch(part) for part in drawn)
    assert all("loss" in part for part in drawn[2:]), "the losses of slow steps come at once"
    assert re.search(
        r"16 steps in (?:\d+m )?\d+s: [\d,]+ images/s, \d+\.\d% of the time waiting for data\n$", live
    )


@pytest.mark.parametrize(
    ("after_tests", "after_saves", "expected"),
    [(0.0, 0.0, [1, 2, 3, 4]), (0.0, 1e9, [1, 2, 3, 4]), (1e9, 1e9, [4])],
)
def test_the_last_kernels_are_in_the_event_files_whenever_they_are_drawn(
    tmp_path: Path, after_tests: float, after_saves: float, expected: list[int]
) -> None:
    """Drawing is put off for as long as the last one took: never, after saves only, up to the end."""
    told: list[str] = []
    held = Folder.opened(tmp_path)
    events = TensorBoard(held, 0, told.append)
    pictures = Pictures(held, "x", ["c.g.weight"], History(), events, told.append)
    for number in range(1, 5):
        pictures._took = after_tests
        step = StepLine(number, number, loss=1.0, learning_rate=0.1, images_per_second=1.0, data_wait=0.0)
        test = EvaluationLine(number, number, Evaluation(loss=1.0, top1_error=0.5, top5_error=0.5))
        for callback in (events, pictures):
            callback.line(step)
            callback.line(test)
        pictures._took = after_saves
        weights = {"c.g.weight": np.full((2, 1, 3, 3), float(number))}
        pictures.save(Checkpoint(weights, {}, RunProgress(step=number, evaluations=())))
    pictures.close()
    events.close()
    (path,) = (tmp_path / "events").iterdir()
    drawn = [data for data in tensorboard.records(path) if b"PNG" in data]
    assert [tensorboard._step(data)[0] for data in drawn] == expected
    assert (tmp_path / "kernels.png").read_bytes() in drawn[-1]
    assert not told
    held.close()


def test_the_metrics_are_what_they_were(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    first = json.loads((tmp_path / "r" / "metrics.jsonl").read_text().splitlines()[0])
    assert set(first) == {"step", "epoch", "loss", "learning_rate", "images_per_second", "data_wait"}
