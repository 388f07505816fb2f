"""Weights and velocities that no trainer saves, and safetensors files whose headers are absurd."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from hostile import sound
from hostile.attack import Attack, Make
from hostile.edits import Edit, every, newest


def attacks() -> Iterator[Attack]:
    def changed(file: str, change: Callable[[dict[str, Any]], object]) -> Make:
        def make(here: Path, _: random.Random) -> None:
            last = newest(here)
            arrays = {name: values.copy() for name, values in load((last / file).read_bytes()).items()}
            change(arrays)
            sound.put_in_checkpoint(last, file, save(arrays))

        return make

    def fill(value: float) -> Edit:
        return lambda arrays: [values.fill(value) for values in arrays.values()]

    def first(change: Callable[[Any], Any]) -> Edit:
        return lambda arrays: arrays.update({min(arrays): change(arrays[min(arrays)])})

    changes: dict[str, Edit] = {
        "nan": fill(np.nan),
        "inf": fill(np.inf),
        "-inf": fill(-np.inf),
        "huge": fill(3e38),
        "none": lambda a: a.clear(),
        "one nan": first(
            lambda v: np.where(np.arange(v.size).reshape(v.shape) == 0, np.nan, v).astype(v.dtype)
        ),
        "one missing": lambda arrays: arrays.pop(min(arrays)),
        "one more": lambda arrays: arrays.update(extra=np.zeros(3, np.float32)),
        "an escape": lambda arrays: arrays.update({"\x1b[2J": np.zeros(3, np.float32)}),
        "another shape": first(lambda v: np.zeros((*v.shape, 2), v.dtype)),
        "a scalar": first(lambda v: np.zeros((), v.dtype)),
        "nothing in it": first(lambda v: np.zeros((0, *v.shape[1:]), v.dtype)),
        "turned": first(lambda v: v.T.copy()),
        "flat": first(lambda v: v.reshape(-1)),
        "float64": lambda arrays: arrays.update({n: v.astype(np.float64) for n, v in arrays.items()}),
        "float16": lambda arrays: arrays.update({n: v.astype(np.float16) for n, v in arrays.items()}),
        "int8": lambda arrays: arrays.update({n: v.astype(np.int8) for n, v in arrays.items()}),
        "bool": lambda arrays: arrays.update({n: v.astype(np.bool_) for n, v in arrays.items()}),
        "many names": lambda arrays: arrays.update({f"x{i}": np.zeros(1, np.float32) for i in range(50_000)}),
        "broadcast": first(lambda v: np.zeros((1,) * v.ndim, v.dtype)),
    }
    for file in ("weights.safetensors", "optimizer.safetensors"):
        for word, change in changes.items():
            yield from every(
                f"tensors/{file}/{word}", changed(file, change), tensorflow=file.startswith("weights")
            )
        for word, data in headers().items():
            yield from every(f"tensors/{file}/header {word}", _put(file, data))
    yield from every("tensors/variance below zero", changed("weights.safetensors", _negative_variance))


def _negative_variance(arrays: dict[str, Any]) -> None:
    for name, values in arrays.items():
        if "var" in name:
            values.fill(-1.0)


def _put(file: str, data: bytes) -> Make:
    return lambda here, _: sound.put_in_checkpoint(newest(here), file, data)


TYPES = {
    "BF16": [8],
    "F16": [8],
    "F8_E5M2": [16],
    "F8_E4M3": [16],
    "F8_E8M0": [16],
    "F4": [32],
    "U64": [2],
    "BOOL": [16],
}
"""Types of tensors that NumPy may not have, and a shape that fills 16 bytes."""


def headers() -> dict[str, bytes]:
    """Safetensors files whose headers are absurd."""

    def with_header(header: bytes, values: bytes = bytes(64), length: int | None = None) -> bytes:
        return struct.pack("<Q", len(header) if length is None else length) + header + values

    def entry(**changed: Any) -> bytes:
        about = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16], **changed}
        return with_header(json.dumps({"a": about}).encode(), bytes(16))

    many = ",".join(f'"t{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for i in range(200_000))
    return {
        "empty": b"",
        "seven bytes": bytes(7),
        "zero length": with_header(b""),
        "huge length": with_header(b"{}", length=2**64 - 1),
        "length of 100 MB": with_header(b"{}", length=10**8),
        "length of 2**63": with_header(b"{}", length=2**63),
        "not json": with_header(b"{{{{"),
        "a list": with_header(b"[]"),
        "null": with_header(b"null"),
        "nested": with_header(b"[" * 100_000),
        "nested mapping": with_header(b'{"a":' * 100_000),
        "not utf-8": with_header(b'{"\xff": 1}'),
        "no tensors": with_header(b"{}", b""),
        "many names": with_header(b"{" + many.encode() + b"}", b""),
        "no dtype": with_header(b'{"a":{"shape":[1],"data_offsets":[0,4]}}'),
        "unknown dtype": entry(dtype="F7"),
        **{f"type {dtype}": entry(dtype=dtype, shape=shape) for dtype, shape in TYPES.items()},
        "negative shape": entry(shape=[-4]),
        "huge shape": entry(shape=[2**40, 2**40]),
        "overflowing shape": entry(shape=[2**32, 2**32, 4]),
        "shape of text": entry(shape="4"),
        "float shape": entry(shape=[4.0]),
        "million sizes": entry(shape=[1] * 1_000_000),
        "offsets backwards": entry(data_offsets=[16, 0]),
        "offsets outside": entry(data_offsets=[0, 10**12]),
        "offsets negative": entry(data_offsets=[-1, 15]),
        "offsets overlap": with_header(
            b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
        ),
        "a hole": with_header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[32,36]}}'),
        "metadata of numbers": with_header(
            b'{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
        ),
        "metadata of text": with_header(b'{"__metadata__":"x"}'),
        "twice": with_header(
            b'{"a":{"dtype":"F32","shape":[16],"data_offsets":[0,64]},"a":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}'
        ),
        "digits": with_header(b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,4]}}'),
        "a pickle": b"\x80\x04\x95" + bytes(100),
        "a zip": b"PK\x03\x04" + bytes(100),
        "an array": b"\x93NUMPY\x01\x00" + bytes(100),
        "escapes": with_header(b'{"\\u001b[2J":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}'),
        "a surrogate": with_header(b'{"\\ud800":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}'),
        "a long name": with_header(
            b'{"' + b"n" * 1_000_000 + b'":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}'
        ),
    }
