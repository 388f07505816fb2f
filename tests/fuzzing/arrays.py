"""Files of tensors: safetensors, and HDF5 as Keras writes it."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save

from fuzzing.forking import forking
from fuzzing.kind import Kind, check_words
from fuzzing.mutation import NUMBERS, bytes_changed, json_changed
from specnet.convert.weights.files import open_tensors
from specnet.diagnostics.errors import UsageError
from specnet.storage import tensors
from support import weights_files

DTYPES = ("F64", "F32", "F16", "BF16", "I8", "BOOL", "F8_E5M2", "U64", "F4", "E8M0")
NAMES = ("layers", "vars", "a" * 300, "\x1b[2J", "0", "ü", "optimizer")
LAYER_NAMES = ("dense", 3, np.zeros(4), b"\xff", "\x1b[2J", "", np.bytes_(b"x"), h5py.Empty("f"))
OBJECTS = (h5py.string_dtype(), h5py.vlen_dtype("f4"), h5py.ref_dtype)


def _safetensors(_: Path) -> list[bytes]:
    state = weights_files.state_of()
    return [
        save(state),
        save(state, {"format": "pt", "specnet.groups": "a,b"}),
        save({"half": np.zeros((3, 2), np.float16), "empty": np.zeros((0, 4)), "scalar": np.zeros(())}),
        save({"whole": np.arange(8), "truth": np.zeros(3, np.bool_), "wide": np.zeros(5)}),
    ]


def _change_header(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.3:
        return bytes_changed(draw, data, others)
    (length,) = struct.unpack_from("<Q", data)
    header: Any = json.loads(data[8 : 8 + length])
    values = data[8 + length :]
    for _ in range(draw.choice((1, 1, 2, 4))):
        header = json_changed(draw, header)
    if isinstance(header, dict) and draw.random() < 0.3:
        for entry in header.values():
            if isinstance(entry, dict) and "dtype" in entry and draw.random() < 0.4:
                entry["dtype"] = draw.choice(
                    ("F64", "F32", "F16", "BF16", "I8", "BOOL", "F8_E5M2", "U64", "F4", "E8M0")
                )
    text = json.dumps(header).encode()
    if draw.random() < 0.1:
        text = bytes_changed(draw, text, [text])
    length = (
        len(text)
        if draw.random() < 0.9
        else draw.choice((*NUMBERS, len(text) + 1, len(text) - 1, len(text) + 8))
    )
    if draw.random() < 0.15:
        values = bytes_changed(draw, values, others)
    return struct.pack("<Q", length % 2**64) + text + values


def _read(data: bytes, folder: Path) -> str:
    path = folder / "weights"
    path.write_bytes(data)
    forking()
    try:
        with open_tensors(path) as opened:
            for name, header in opened.tensors.items():
                values = opened.read(name)
                assert values.dtype in (np.float32, np.float64)
                assert values.shape == header.shape
                assert name.isprintable()
        return "taken"
    except UsageError as error:
        check_words(error)
        return "refused"


def _read_safetensors(data: bytes, folder: Path) -> str:
    result = _read(data, folder)
    try:
        tensors.load(folder / "weights")
    except (OSError, ValueError, SafetensorError):
        return result
    return result


def _hdf5(folder: Path) -> list[bytes]:
    state = weights_files.keras_state(weights_files.state_of())
    weights_files.write_keras(folder / "sound.h5", state)
    made = [(folder / "sound.h5").read_bytes()]
    for library in ("earliest", "latest"):
        path = folder / f"{library}.h5"
        with h5py.File(path, "w", libver=library) as file:
            group = file.create_group("layers/dense/vars")
            group.attrs["name"] = "dense"
            group.create_dataset(
                "0", data=np.arange(64.0).reshape(8, 8), chunks=(4, 4), compression="gzip", shuffle=True
            )
            group.create_dataset("1", data=np.arange(8, dtype=np.float16), fletcher32=True, chunks=(4,))
            group.create_dataset("2", shape=(4, 4), dtype="f4", fillvalue=1.5)
            group.create_dataset("3", data=np.float64(3))
        made.append(path.read_bytes())
    return made


def _change_hdf5(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    if draw.random() < 0.12:
        return _grown_hdf5(draw)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        data = bytes_changed(draw, data, others)
    return data if draw.random() < 0.05 else b"\x89HDF\r\n\x1a\n" + data[8:]


def _grown_hdf5(draw: random.Random) -> bytes:
    """A file from parts that Keras does not write."""
    with h5py.File.in_memory() as file:
        group = file
        for _ in range(draw.choice((1, 2, 3, 40))):
            group = group.create_group(
                draw.choice(("layers", "vars", "a" * 300, "\x1b[2J", "0", "ü", "optimizer"))
            )
        for number in range(draw.randint(1, 5)):
            name: Any = draw.choice(
                (str(number), f"x{number}", b"\xff\xfe" + bytes([number + 65]), f"\x1b{number}")
            )
            _grow(draw, group, name)
        if draw.random() < 0.5:
            group.attrs["name"] = draw.choice(LAYER_NAMES)
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


def _grow(draw: random.Random, group: Any, name: Any) -> None:
    what = draw.randrange(12)
    if what == 0:
        group[name] = h5py.SoftLink(draw.choice(("/", "/nowhere", ".", "/layers")))
    elif what == 1:
        group[name] = h5py.ExternalLink(draw.choice(("/etc/passwd", "sound.h5", "x" * 300)), "/")
    elif what == 2:
        group.create_dataset(name, shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)])
    elif what == 3:
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource("sound.h5", "x", shape=(4,))
        group.create_virtual_dataset(name, layout)
    elif what == 4:
        side = draw.choice((2**10, 2**14, 2**20))
        chunk = min(side, 2**11)
        group.create_dataset(name, shape=(side, side), dtype="f4", chunks=(chunk, chunk))
    elif what == 5:
        chunks = (draw.choice((10, 2**16, 2**20)),)
        large: dict[str, Any] = {"maxshape": (None,), "chunks": chunks, "compression": "gzip"}
        group.create_dataset(name, shape=(10,), dtype="f8", **large)[0] = 1
    elif what == 6:
        group.create_dataset(name, shape=(3,), dtype=draw.choice(OBJECTS))
    elif what == 7:
        group.create_dataset(name, data=np.zeros(3, dtype=[("a", "f4"), ("b", "i8", (3,))]))
    elif what == 8:
        group.create_dataset(name, data=h5py.Empty("f4"))
    elif what == 9:
        group.create_dataset(name, data=np.zeros(3, dtype=draw.choice(("i1", "u8", "?", "c8", ">f4", "S5"))))
    elif what == 10:
        group[name] = group
    else:
        group[name] = np.dtype("f4")


KINDS = {
    "safetensors": Kind(_safetensors, _change_header, _read_safetensors),
    # HDF5 turns in circles in some damaged files: its process is stopped after 5 s, and they are refused.
    "hdf5": Kind(_hdf5, _change_hdf5, _read, seconds=6),
}
