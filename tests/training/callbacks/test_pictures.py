"""What a run shows: pictures beside it, which kernels they draw, and that nothing of this can stop a run."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specnet.network.network import analyse
from specnet.plans import plan as plans
from specnet.plots.request import Curves, Kernels, Picture
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

pytestmark = pytest.mark.slow


def kernels(path: Path) -> list[str]:
    return first_kernels(plans.make(analyse(load_spec(path))))


def test_the_first_layers_kernels_are_found_in_either_form(specs: Path) -> None:
    assert kernels(specs / "alexnet.yaml") == ["conv1.gpu0.weight", "conv1.gpu1.weight"]
    assert kernels(specs / "alexnet_towers.yaml") == ["conv1a.gpu0.weight", "conv1b.gpu1.weight"]
    assert [name.split(".")[0] for name in kernels(specs / "resnet18.yaml")] == ["conv1"]


@pytest.mark.pictures
def test_pictures_lie_beside_the_run(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r")
    for name in ("curves.png", "kernels.png"):
        with Image.open(tmp_path / "r" / name) as picture:
            assert picture.width > 600
    assert not list((tmp_path / "r").glob(".*writing"))


def test_without_matplotlib_there_is_one_note_and_no_picture(
    small: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    run(small, tmp_path / "r", progress=Progress(stream))
    assert stream.getvalue().count("matplotlib") == 1
    assert "pip install 'specnet[plots]'" in stream.getvalue()
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
    r"epoch (\d)/2  step (\d+)/16  ETA (?:\d+m \d\ds|\d+s|\?)  (?:loss \d+\.\d{4}  error \d+\.\d%  )?"
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


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Pictures]:
    """Of a run with one kernel; what they note is in `notes.txt`."""

    def note(text: str) -> None:
        with (tmp_path / "notes.txt").open("a") as file:
            file.write(f"{text}\n")

    with Folder.opened(tmp_path) as held:
        events = TensorBoard(held, 0, note)
        yield Pictures(held, "x", ["c.g.weight"], History(), events, note)
        events.close()


def step(pictures: Pictures, number: int) -> None:
    """A step, an evaluation and a save."""
    line = StepLine(number, number, loss=1.0, learning_rate=0.1, images_per_second=1.0, data_wait=0.0)
    pictures.line(line)
    pictures.line(EvaluationLine(number, number, Evaluation(loss=1.0, top1_error=0.5, top5_error=0.5)))
    weights = {"c.g.weight": np.full((2, 1, 3, 3), float(number))}
    pictures.save(Checkpoint(weights, {}, RunProgress(step=number, evaluations=())))
    pictures.step(line, 1)


def png(text: bytes) -> bytes:
    """Something that begins as a PNG file of 1 by 1 does."""
    return b"\x89PNG\r\n\x1a\n" + bytes(8) + bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 2]) + text


def telling(asked: Sequence[Picture]) -> list[bytes]:
    """Files that tell what was to be drawn, in the place of pictures."""
    return [png(f"{picture.title}, {_last(picture)}".encode()) for picture in asked]


def _last(picture: Picture) -> int:
    if isinstance(picture, Curves):
        return picture.curves[0].last
    assert isinstance(picture, Kernels)
    return int(picture.blocks[0].kernels.max())


def kernel_events(folder: Path) -> list[int]:
    (path,) = (folder / "events").iterdir()
    drawn = [data for data in tensorboard.records(path) if b"PNG" in data]
    assert (folder / "kernels.png").read_bytes() in drawn[-1]
    return [tensorboard._step(data)[0] for data in drawn]


def test_the_run_is_drawn_while_it_goes_on(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever there is time for it, and in the end as it is then."""
    monkeypatch.setattr("specnet.plots.background.draw", telling)
    monkeypatch.setattr("specnet.training.callbacks.pictures.WAIT", 0)
    for number in range(1, 5):
        step(pictures, number)
        deadline = time.monotonic() + 20
        while pictures._background.is_busy and time.monotonic() < deadline:
            pictures._take()
        assert (tmp_path / "curves.png").read_bytes() == png(f"x, {number}".encode())
        words = f"x, step {number}: first kernels, {number}"
        assert (tmp_path / "kernels.png").read_bytes() == png(words.encode())
    pictures.close()
    pictures._tensorboard.close()
    assert kernel_events(tmp_path) == [1, 2, 3, 4]
    assert not (tmp_path / "notes.txt").exists()


def test_drawing_may_cost_a_twentieth_of_the_time(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specnet.plots.background.draw", telling)
    pictures._background.seconds = 1e9
    for number in range(1, 4):
        step(pictures, number)
    assert not pictures._background.is_busy
    pictures.close()
    assert (tmp_path / "curves.png").read_bytes() == png(b"x, 3")
    pictures._tensorboard.close()
    assert kernel_events(tmp_path) == [3]


def test_slow_drawing_holds_nothing_up_and_the_newest_request_is_the_next(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, drawn = threading.Event(), list[int]()

    def slow(asked: Sequence[Picture]) -> list[bytes]:
        drawn.append(_last(asked[0]))
        assert go_on.wait(20)
        return telling(asked)

    monkeypatch.setattr("specnet.plots.background.draw", slow)
    monkeypatch.setattr("specnet.training.callbacks.pictures.WAIT", 0)
    began = time.monotonic()
    for number in range(1, 51):
        step(pictures, number)
    assert time.monotonic() - began < 15
    assert not (tmp_path / "curves.png").exists()
    go_on.set()
    deadline = time.monotonic() + 20
    while pictures._background.is_busy and time.monotonic() < deadline:
        pictures._take()
    pictures.close()
    assert drawn == [1, 50, 50]
    assert (tmp_path / "curves.png").read_bytes() == png(b"x, 50")


def test_a_picture_that_is_not_done_in_time_is_dropped(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr("specnet.plots.background.draw", lambda _: never.wait(20) and [])
    monkeypatch.setattr("specnet.training.callbacks.pictures.LAST_PATIENCE", 0.1)
    step(pictures, 1)
    began = time.monotonic()
    pictures.close()
    assert time.monotonic() - began < 10
    assert "drawing takes too long; the run goes on" in (tmp_path / "notes.txt").read_text()
    never.set()
    assert not list(tmp_path.glob("*.png"))


def test_drawing_that_fails_is_said_once(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> list[bytes]:
        raise ValueError("the pen broke")

    monkeypatch.setattr("specnet.plots.background.draw", fail)
    for number in range(1, 4):
        step(pictures, number)
    pictures.close()
    assert (tmp_path / "notes.txt").read_text().count("the pen broke; the run goes on") == 1


def test_one_picture_that_cannot_be_written_is_not_in_the_way_of_the_other(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specnet.plots.background.draw", telling)
    (tmp_path / "curves.png").mkdir()
    step(pictures, 1)
    pictures.close()
    assert (tmp_path / "kernels.png").is_file()
    assert (tmp_path / "notes.txt").read_text().count("curves.png") == 1


def test_the_metrics_are_what_they_were(small: Spec, tmp_path: Path) -> None:
    run(small, tmp_path / "r", steps=1)
    first = json.loads((tmp_path / "r" / "metrics.jsonl").read_text().splitlines()[0])
    about = {"step", "epoch", "loss", "learning_rate", "images_per_second", "data_wait"}
    assert set(first) == about | {"top1_error"}
