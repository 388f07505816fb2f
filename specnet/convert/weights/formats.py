"""What a file is, by its content and not its name, and what to do about one that cannot be read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from specnet.diagnostics.errors import UsageError
from specnet.storage import reading

HDF5 = b"\x89HDF\r\n\x1a\n"
START = 512
"""Bytes from a file's beginning that its format is decided by."""
MAX_LIST = 2**22
"""Bytes of the list of members of an archive that is looked into."""
MAX_HEADER = 100_000_000
"""Bytes of the longest header that the safetensors library takes."""

READABLE = "specnet reads .safetensors and Keras's .weights.h5"
FROM_TORCH = (
    "save the weights with safetensors.torch.save_file(model.state_dict(), 'FILE.safetensors'), "
    "or keras.Model.save_weights('FILE.weights.h5')"
)
FROM_NUMPY = "save the arrays by name with safetensors.numpy.save_file(arrays, 'FILE.safetensors')"
FROM_ONNX = (
    "write its initializers: safetensors.numpy.save_file({t.name: onnx.numpy_helper.to_array(t) "
    "for t in onnx.load(FILE).graph.initializer}, 'FILE.safetensors')"
)
FROM_TENSORFLOW = f"load it in TensorFlow; {FROM_NUMPY}"
DOWNLOAD = f"download the file itself; {READABLE}"

MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x93NUMPY", "is a single NumPy array", FROM_NUMPY),
    (b"\x1f\x8b", "is compressed with gzip", f"unpack it; {READABLE}"),
    (b"GGUF", "is a GGUF file, whose weights are quantized", READABLE),
    (
        b"version https://git-lfs",
        "is a pointer of Git LFS and not the file itself",
        f"git lfs pull; {READABLE}",
    ),
    (b"<!doctype html", "is a web page", DOWNLOAD),
    (b"<html", "is a web page", DOWNLOAD),
)
"""Beginnings in lower case where they are text, and what they tell."""


def begins_as_safetensors(start: bytes) -> bool:
    """Whether a file begins as safetensors does: the header's length in eight bytes, then the header.

    No other format can: the length's upper bytes are zero, and a pickle or an archive has no run of zeros
    before a brace there. A file that is cut short begins so, too, and is for the library to judge.
    """
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= MAX_HEADER


def refusal(path: Path, start: bytes) -> UsageError:
    """The error for a file without readable tensors: what the file is, and the way out."""
    what, hint = _described(path, start)
    return UsageError(f"{path} {what}", hint)


def _described(path: Path, start: bytes) -> tuple[str, str]:
    lower = start.lower()
    for magic, what, hint in MAGIC:
        if start.startswith(magic) or lower.startswith(magic):
            return what, hint
    if not start:
        return "is empty", READABLE
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(path)
    if start[0] == 0x80 and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "is a pickle, and unpickling would run whatever code is in it", FROM_TORCH
    if start[4:8] == b"TFL3":
        return "is a TensorFlow Lite model", FROM_TENSORFLOW
    if start[257:262] == b"ustar":
        return "is a tar archive", f"unpack it; {READABLE}"
    if start[0] == 0x08 and start[2:3] in (b"\x12", b"\x1a", b"\x22", b"\x28", b"\x32", b"\x3a", b"\x42"):
        # Field 1 of both is a version, and SavedModel's has always been 1.
        if start[1] == 1:
            return "looks like a TensorFlow SavedModel", FROM_TENSORFLOW
        return "looks like an ONNX model", FROM_ONNX
    if start.lstrip()[:1] == b"{":
        return "is text, as the list of a model's parts or its configuration is", READABLE
    return "is damaged, or no file of tensors: it begins as no format that can be read", READABLE


def _list_of_members(path: Path) -> int:
    """Bytes of an archive's list of members, by the record at its end (APPNOTE.TXT 4.3.16)."""
    with reading.opened_plain(path) as (descriptor, size):
        end = os.pread(descriptor, 2**16 + 22, max(0, size - 2**16 - 22))
    place = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[place + 12 : place + 16], "little") if place >= 0 else 0


def _archive(path: Path) -> tuple[str, str]:
    """What a zip archive is, by the names of its members. Nothing is unpacked."""
    try:
        if _list_of_members(path) > MAX_LIST:
            return "is a zip archive", READABLE
        with reading.opened_plain(path) as (descriptor, _), os.fdopen(os.dup(descriptor), "rb") as file:
            names = zipfile.ZipFile(file).namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return "begins as a zip archive, and is damaged", READABLE
    if any(name.endswith("data.pkl") for name in names):
        what = "is a zip archive with a pickle in it, as torch.save writes it"
        return f"{what}, and unpickling would run whatever code is in it", FROM_TORCH
    if "model.weights.h5" in names:
        return "is a whole Keras model", f"take model.weights.h5 out of it: unzip {path} model.weights.h5"
    if names and all(name.endswith(".npy") for name in names):
        return "is a NumPy archive (.npz)", FROM_NUMPY
    return "is a zip archive", READABLE
