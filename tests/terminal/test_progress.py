"""Progress: an ETA in either place, plain lines in a pipe, one line drawn over on a terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios

import pytest

from specnet.terminal.progress import Progress


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("specnet.terminal.progress.time.monotonic", lambda: now[0])
    monkeypatch.setenv("TERM", "xterm")
    return now


def test_in_a_pipe_a_plain_line_every_ten_seconds(clock: list[float]) -> None:
    stream = io.StringIO()
    shown = Progress(stream)
    for second in range(1, 25):
        clock[0] = second
        shown.show("step", second, 100, "loss 1.0")
    assert stream.getvalue() == "step 10/100  ETA 1m 30s  loss 1.0\nstep 20/100  ETA 1m 20s  loss 1.0\n"


def test_on_a_terminal_one_line_is_drawn_over_and_cut_to_its_width(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "29")
    screen = Screen()
    shown = Progress(screen)
    shown.begin(50)
    clock[0] = 1.0
    shown.show("step", 60, 100, "loss 1.0")
    shown.note("epoch 1: done")
    assert screen.getvalue() == "\r\033[Kstep 60/100  ETA 4s  loss 1.\r\033[Kepoch 1: done\n"


def test_quiet_says_nothing(clock: list[float]) -> None:
    stream = io.StringIO()
    shown = Progress(stream, quiet=True)
    clock[0] = 99.0
    shown.show("step", 1, 2)
    shown.note("a note")
    assert stream.getvalue() == ""


def test_a_shorter_piece_of_work_has_an_eta_of_its_own(clock: list[float]) -> None:
    stream = io.StringIO()
    shown = Progress(stream)
    shown.begin(0)
    clock[0] = 100.0
    with shown.aside():
        clock[0] = 110.0
        shown.show("evaluating", 1, 4)
    clock[0] = 120.0
    shown.show("step", 60, 100)
    assert stream.getvalue() == "evaluating 1/4  ETA 30s\nstep 60/100  ETA 1m 20s\n"


def test_the_line_is_as_wide_as_the_terminal_it_is_drawn_on(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 31, 0, 0))
    with os.fdopen(writer, "w") as screen:
        shown = Progress(screen)
        clock[0] = 1.0
        shown.show("step", 60, 100, "x" * 200)
        drawn = os.read(reader, 4096).decode()
    os.close(reader)
    assert len(drawn.removeprefix("\r\033[K")) == 30
