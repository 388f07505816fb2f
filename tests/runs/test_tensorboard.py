"""Event files: checksums by their published values, what is cut short or damaged, the order of files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from specnet.runs import tensorboard
from specnet.storage.folder import Folder


def test_the_checksum_is_crc32c() -> None:
    # 0xE3069283 is the check value of CRC-32C for these digits (RFC 3720's polynomial; the catalogue of
    # parametrised CRC algorithms); masking is rotation by 15 and the constant of TensorFlow's crc32c.h.
    rotated = (0xE3069283 >> 15 | 0xE3069283 << 17) & 0xFFFFFFFF
    assert tensorboard.masked_crc32c(b"123456789") == (rotated + 0xA282EAD8) % 2**32


def test_records_end_where_the_file_is_cut_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x"
    whole = tensorboard.record(b"one") + tensorboard.record(b"two" * 100)
    path.write_bytes(whole)
    assert list(tensorboard.records(path)) == [b"one", b"two" * 100]
    for length in range(len(tensorboard.record(b"one")), len(whole)):
        path.write_bytes(whole[:length])
        assert list(tensorboard.records(path)) == [b"one"]
    for place in range(len(tensorboard.record(b"one")), len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert list(tensorboard.records(path)) == [b"one"]


def test_a_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    length = struct.pack("<Q", 2**60)
    (tmp_path / "x").write_bytes(length + tensorboard.masked_crc32c(length).to_bytes(4, "little") + b"abc")
    assert list(tensorboard.records(tmp_path / "x")) == []


def write(folder: Path, start: int, *steps: int) -> None:
    with Folder.made(folder)[0] as held:
        file = tensorboard.EventFile(held, start)
    for step in steps:
        file.scalars(step, {"train/loss": 1.0})
    file.close()


def test_how_far_the_files_reach(tmp_path: Path) -> None:
    assert tensorboard.last_step(tmp_path / "events") is None
    write(tmp_path / "events", 0, 1, 2, 300)
    assert tensorboard.last_step(tmp_path / "events") == 300
    write(tmp_path / "events", 200)
    assert tensorboard.last_step(tmp_path / "events") == 199


def test_files_stay_in_order_when_the_clock_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment, step in ((2e9, 1), (2e9, 2), (1e9, 3)):
        monkeypatch.setattr("specnet.runs.tensorboard.time.time", lambda now=moment: now)
        write(tmp_path, 0, step)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [tensorboard.last_step_of(tmp_path / name) for name in names] == [1, 2, 3]


def test_what_float32_cannot_hold_is_infinite(tmp_path: Path) -> None:
    with Folder.opened(tmp_path) as held:
        file = tensorboard.EventFile(held, 0)
    file.scalars(1, {"train/loss": -1e300})
    file.close()
    (path,) = tmp_path.iterdir()
    *_, last = tensorboard.records(path)
    assert last.endswith(struct.pack("<f", float("-inf")))
