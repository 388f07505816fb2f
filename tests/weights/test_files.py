"""Files of tensors: formats, damage, and what a hostile file may try."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import save, save_file

from weights_files import assert_taken, keras_state, state_of, write_keras

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


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x80\x04\x95", b"\x93NUMPY", b"", b"{}", b"\xff" * 64])
def test_other_files_are_refused_with_the_way_out(take: Any, tmp_path: Path, start: bytes) -> None:
    (tmp_path / "theirs.bin").write_bytes(start)
    done = take(tmp_path / "theirs.bin")
    assert done.code == 2
    assert "safetensors" in done.err
    assert not (tmp_path / "run").exists()


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


def test_absurd_sizes_take_no_memory(take: Any, tmp_path: Path) -> None:
    text = json.dumps({"a": {"dtype": "F32", "shape": [10**9, 10**6], "data_offsets": [0, 4 * 10**15]}})
    head = len(text).to_bytes(8, "little") + text.encode()
    (tmp_path / "big.safetensors").write_bytes(head)
    assert take(tmp_path / "big.safetensors").code == 2
    with h5py.File(tmp_path / "big.weights.h5", "w") as file:
        file.create_dataset("layers/out/vars/0", (10**9, 10**6), dtype="f4", chunks=(1000, 1000))
    done = take(tmp_path / "big.weights.h5")
    assert done.code == 1
    assert "'out/0' is 1000000000x1000000" in done.err


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
