"""Files of tensors: formats, damage, and what a hostile file may try."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from safetensors.numpy import save, save_file

from specnet.convert.weights.files import open_tensors
from support.weights_files import assert_taken, keras_state, state_of, write_keras

pytestmark = pytest.mark.slow

Cli = Callable[..., Any]


def test_half_precision_is_widened(take: Any, tmp_path: Path) -> None:
    """bfloat16 is the upper half of a float32, which NumPy does not know: its bytes are put in by hand."""
    state = {name: values.astype(np.float16) for name, values in state_of().items()}
    state["out.a.bias"] = np.array([1.5, -3.25], dtype=np.float16)  # in bfloat16: 3fc0, c050
    data = save(state).replace(state["out.a.bias"].tobytes(), bytes.fromhex("c03f50c0"))
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["out.a.bias"]["dtype"] = "BF16"
    text = json.dumps(header).encode()
    (tmp_path / "half.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    expected = {name: values.astype(np.float32) for name, values in state.items()}
    assert_taken(take(tmp_path / "half.safetensors"), tmp_path / "run", expected)


OTHERS = {
    "is damaged, or no file of tensors": b"\xff" * 64,
    "is empty": b"",
    "is text": b"{}",
    "begins as a zip archive, and is damaged": b"PK\x03\x04",
    "is a pickle": b"\x80\x04\x95",
    "is a single NumPy array": b"\x93NUMPY",
    "is compressed with gzip": b"\x1f\x8b\x08" + bytes(20),
    "is a GGUF file": b"GGUF\x03" + bytes(20),
    "is a TensorFlow Lite model": b"\x1c\0\0\0TFL3" + bytes(20),
    "is a tar archive": b"weights".ljust(257, b"\0") + b"ustar\x0000",
    "is a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a",
    "is a web page": b"<!DOCTYPE html>\n<html>",
    # ModelProto: ir_version, producer_name. SavedModel: saved_model_schema_version, meta_graphs.
    "looks like an ONNX model": b"\x08\x0a\x12\x07pytorch",
    "looks like a TensorFlow SavedModel": b"\x08\x01\x12\xa0\x02\x0a",
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_files_are_refused_with_the_way_out(take: Any, tmp_path: Path, what: str) -> None:
    """Also under the name of a file that would be read."""
    (tmp_path / "theirs.safetensors").write_bytes(OTHERS[what])
    done = take(tmp_path / "theirs.safetensors")
    assert done.code == 2
    assert f"theirs.safetensors {what}" in done.err
    assert "safetensors" in done.err.partition("hint:")[2]
    assert not (tmp_path / "run").exists()


class Evil:
    """What unpickling would run."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("unpickled"),)


@pytest.mark.parametrize("kind", ["pickle", "torch", "old torch", "npz", "keras", "zip"])
def test_archives_and_pickles_are_known_by_their_content(
    take: Any, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "theirs.safetensors"
    if kind == "pickle":
        file.write_bytes(pickle.dumps({"conv.weight": Evil()}))
    elif kind.endswith("torch"):
        torch.save({"conv.weight": Evil()}, file, _use_new_zipfile_serialization=kind == "torch")
    elif kind == "npz":
        with file.open("wb") as opened:
            np.savez(opened, weight=np.ones(3))
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.writestr("model.weights.h5" if kind == "keras" else "readme", "")
    done = take(file)
    assert done.code == 2
    told = {
        "pickle": "is a pickle, and unpickling would run",
        "torch": "is a zip archive with a pickle in it, as torch.save writes it",
        "old torch": "is a pickle, and unpickling would run",
        "npz": "is a NumPy archive (.npz)",
        "keras": "is a whole Keras model",
        "zip": "is a zip archive",
    }
    assert f"{file} {told[kind]}" in done.err
    assert not Path("unpickled").exists()


def padded(length: int) -> bytes:
    """A file of one tensor whose header has that many bytes, the last of them spaces."""
    header = b'{"out.a.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(length)
    return length.to_bytes(8, "little") + header + np.array([1.5, -3.25], "<f4").tobytes()


def test_a_header_can_have_any_length(cli: Cli, tmp_path: Path) -> None:
    """The length's first byte is that of a pickle in one file of 32, and PK is an archive's beginning."""
    file = tmp_path / "theirs.bin"
    lengths = [*range(0x100, 0x200), *(0x80 + 256 * protocol for protocol in (2, 3, 4, 5)), 0x4B50, 0x4893]
    for length in lengths:
        file.write_bytes(padded(length))
        with open_tensors(file) as opened:
            assert {name: header.shape for name, header in opened.tensors.items()} == {"out.a.bias": (2,)}
            assert np.array_equal(opened.read("out.a.bias"), [1.5, -3.25])
    assert {length % 256 for length in lengths} == set(range(256))


def test_what_is_cut_short_is_damaged_and_no_pickle(cli: Cli, tmp_path: Path) -> None:
    for length in (0x280, 0x380, 0x4B50):
        (tmp_path / "theirs.safetensors").write_bytes(padded(length)[: length // 2])
        done = cli("weights", "list", tmp_path / "theirs.safetensors")
        assert done.code == 2
        assert "theirs.safetensors is damaged" in done.err


@pytest.mark.parametrize("path", ["absent.safetensors", "."])
def test_a_file_that_cannot_be_read_is_refused(take: Any, tmp_path: Path, path: str) -> None:
    done = take(tmp_path / path)
    assert done.code == 2
    assert "cannot read" in done.err


def damaged(data: bytes) -> list[bytes]:
    """Files cut short, and with bytes of the head flipped."""
    cut = [data[:size] for size in (9, 40, len(data) // 2, len(data) - 1)]
    return cut + [data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1 :] for i in range(8, 200, 7)]


def test_damaged_files_never_end_in_a_traceback(take: Any, tmp_path: Path) -> None:
    state = state_of()
    write_keras(tmp_path / "good.weights.h5", keras_state(state))
    save_file(state, tmp_path / "good.safetensors")
    refused = 0
    for suffix in (".weights.h5", ".safetensors"):
        for data in damaged((tmp_path / f"good{suffix}").read_bytes()):
            (tmp_path / f"bad{suffix}").write_bytes(data)
            done = take(tmp_path / f"bad{suffix}")
            if done.code == 0:  # a byte that nobody reads
                assert_taken(done, tmp_path / "run", state)
                shutil.rmtree(tmp_path / "run")
                continue
            refused += 1
            assert done.code in (1, 2), data[:64]
            assert "internal error" not in done.err
            assert not (tmp_path / "run").exists()
    assert refused > 40


def test_names_that_are_no_text_are_damage(take: Any, tmp_path: Path) -> None:
    write_keras(tmp_path / "theirs.weights.h5", keras_state(state_of()))
    data = (tmp_path / "theirs.weights.h5").read_bytes()
    (tmp_path / "theirs.weights.h5").write_bytes(data.replace(b"dense_1\0", b"den\xf3e_1\0"))
    done = take(tmp_path / "theirs.weights.h5")
    assert done.code == 2
    assert "theirs.weights.h5 is damaged" in done.err


def test_absurd_sizes_take_no_memory(take: Any, tmp_path: Path) -> None:
    text = json.dumps({"a": {"dtype": "F32", "shape": [10**9, 10**6], "data_offsets": [0, 4 * 10**15]}})
    head = len(text).to_bytes(8, "little") + text.encode()
    (tmp_path / "big.safetensors").write_bytes(head)
    assert take(tmp_path / "big.safetensors").code == 2
    with h5py.File(tmp_path / "big.weights.h5", "w") as file:
        file.create_dataset("layers/out/vars/0", (10**9, 10**6), dtype="f4", chunks=(1000, 1000))
    done = take(tmp_path / "big.weights.h5")
    assert done.code == 2
    assert "the values of '/layers/out/vars/0' are not in the file" in done.err


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(3, dtype=[("a", "f4"), ("b", "i8", (3,))]),
        np.array([b"a", b"bc"]),
        np.array([1 + 2j]),
    ],
    ids=["records", "texts", "complex numbers"],
)
def test_what_is_no_number_is_refused(take: Any, tmp_path: Path, values: Any) -> None:
    with h5py.File(tmp_path / "odd.weights.h5", "w") as file:
        file.create_dataset("layers/out/vars/0", data=values)
    done = take(tmp_path / "odd.weights.h5")
    assert done.code == 2
    assert "holds no numbers" in done.err


def test_a_piece_that_takes_gigabytes_is_refused_unread(take: Any, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.weights.h5", "w") as file:
        many = {"maxshape": (None,), "chunks": (2**28,), "compression": "gzip"}
        file.create_dataset("layers/out/vars/0", shape=(10,), dtype="f8", **many)
    done = take(tmp_path / "bomb.weights.h5")
    assert done.code == 2
    assert "packed as Keras does not pack them" in done.err


def test_a_file_that_hdf5_does_not_come_to_an_end_with_is_given_up(
    take: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_keras(tmp_path / "theirs.weights.h5", keras_state(state_of()))

    def asked(function: str, data: bytes, limit: int) -> bytes:
        assert (function, data) == (
            "specnet.convert.weights.keras_file:survey",
            bytes(tmp_path / "theirs.weights.h5"),
        )
        raise ValueError("it takes too much memory or time")

    monkeypatch.setattr("specnet.convert.weights.keras_file.ask_python", asked)
    done = take(tmp_path / "theirs.weights.h5")
    assert done.code == 2
    assert "is damaged: it takes too much memory or time" in done.err


def test_what_hdf5_cannot_read_with_little_memory_is_not_opened_with_more(
    take: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collection of texts that is said to have a gigabyte: HDF5 asks for all of it before it looks."""
    write_keras(tmp_path / "theirs.weights.h5", keras_state(state_of()))
    data = (tmp_path / "theirs.weights.h5").read_bytes()
    size = data.index(b"GCOL") + 8
    (tmp_path / "theirs.weights.h5").write_bytes(
        data[:size] + (2**30).to_bytes(8, "little") + data[size + 8 :]
    )
    monkeypatch.setattr(h5py, "File", lambda *_: pytest.fail("opened here, too"))
    done = take(tmp_path / "theirs.weights.h5")
    assert done.code == 2
    assert "theirs.weights.h5 is damaged: " in done.err


def test_names_that_a_terminal_would_obey_are_refused(take: Any) -> None:
    done = take({**state_of(), "x\x1b[2J": np.ones(1)})
    assert done.code == 2
    assert "\x1b" not in done.err


def test_layers_of_one_name_go_by_their_place(cli: Cli, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.weights.h5", "w") as file:
        for place in ("layers/dense", "layers/functional/layers/dense", "layers/conv2d"):
            group = file.create_group(f"{place}/vars")
            group.attrs["name"] = "twin" if "dense" in place else "conv"
            group["0"] = np.ones((2, 3), np.float32)
    listed = json.loads(cli("weights", "list", tmp_path / "x.weights.h5", "--json").out)
    assert listed["layout"] == "keras"
    assert sorted(t["name"] for t in listed["tensors"]) == ["conv/0", "dense/0", "functional/layers/dense/0"]


@pytest.mark.parametrize("trick", ["soft", "external", "elsewhere", "virtual"])
def test_files_that_lead_to_other_files_are_refused(take: Any, tmp_path: Path, trick: str) -> None:
    with h5py.File(tmp_path / "theirs.weights.h5", "w") as file:
        if trick == "soft":
            file["layers"] = h5py.SoftLink("/vars")
        elif trick == "external":
            file["layers"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/")
        elif trick == "elsewhere":
            file.create_dataset("out/vars/0", (4,), "f4", external=[(str(tmp_path / "secret"), 0, 16)])
        else:
            layout = h5py.VirtualLayout((4,), "f4")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (4,))
            file.create_virtual_dataset("out/vars/0", layout)
    done = take(tmp_path / "theirs.weights.h5")
    assert done.code == 2
    assert "is a link" in done.err or "lie in another file" in done.err


def test_h5py_is_asked_for_by_name(take: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_keras(tmp_path / "theirs.weights.h5", keras_state(state_of()))
    monkeypatch.setitem(sys.modules, "h5py", None)
    done = take(tmp_path / "theirs.weights.h5")
    assert done.code == 2
    assert "pip install 'specnet[keras]'" in done.err
