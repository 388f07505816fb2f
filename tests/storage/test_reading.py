"""Reading what may be anything: plain files, their size first, nothing waited for."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from specnet.storage import reading
from specnet.storage.reading import LONGEST_LINE, Unfit


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "link to a device"])
def test_only_plain_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    for read in (
        lambda: reading.read(path, 10),
        lambda: reading.digest(path),
        lambda: list(reading.lines(path)),
        lambda: list(reading.lines_backwards(path)),
        lambda: reading.read_start(path, 1),
        lambda: reading.descriptor_of(path),
        lambda: reading.check_plain(path),
    ):
        with pytest.raises(Unfit, match="not a plain file"):
            read()


def test_the_size_comes_before_the_content(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(Unfit, match="larger than 1,000 bytes"):
        reading.read(path, 1000)
    os.truncate(path, 1000)
    assert reading.read(path, 1000) == bytes(1000)


def test_a_stream_is_read_up_to_its_limit() -> None:
    assert reading.read_stream(io.BytesIO(b"abc"), 3) == b"abc"
    with Path("/dev/zero").open("rb") as endless, pytest.raises(Unfit, match="larger than"):
        reading.read_stream(endless, 2**20)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 2**16])
def test_lines_are_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(reading, "STEP", step)
    content = b"one\n\n\nthree\r\nfour\x85\xe2\x80\xa8\n" + b"x" * 100 + b"\nnot whole"
    (tmp_path / "x").write_bytes(content)
    whole = [line for line in io.BytesIO(content) if line.endswith(b"\n")]
    assert list(reading.lines(tmp_path / "x")) == whole
    assert list(reading.lines_backwards(tmp_path / "x")) == content.split(b"\n")[::-1]
    (tmp_path / "x").write_bytes(b"")
    assert list(reading.lines(tmp_path / "x")) == []


def test_a_line_without_an_end_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x"
    long = b"x" * (LONGEST_LINE + 2 * reading.STEP)
    path.write_bytes(b"one\n" + long + b"\ntwo\n" + long + b"\n")
    assert list(reading.lines(path)) == [b"one\n", b"two\n"]
    assert list(reading.lines_backwards(path)) == [b""]


def test_a_file_that_has_grown_since_its_size_was_looked_at_is_not_hashed_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(bytes(10))
    assert reading.digest(path, 10) == reading.digest(path)
    with path.open("r+b") as file:
        file.truncate(2**42)
    with pytest.raises(reading.Unfit, match="larger than 10 bytes"):
        reading.digest(path, 10)
