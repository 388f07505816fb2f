"""ImageNet's devkit: its table and its ground truth."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile import forms
from hostile.attack import Attack, Make
from hostile.preparing import MADE, PREPARE
from support import imagenet_files


def attacks() -> Iterator[Attack]:
    yield from _devkits()


def _mat(*elements: bytes) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + b"".join(elements)


def _element(kind: int, data: bytes, size: int | None = None) -> bytes:
    padded = data + bytes(-len(data) % 8)
    return struct.pack("<II", kind, len(data) if size is None else size) + padded


def _matrix(dims: list[int], kind: int = 6, body: bytes = b"", name: bytes = b"synsets") -> bytes:
    flags = _element(6, struct.pack("<II", kind, 0))
    return _element(14, flags + _element(5, struct.pack(f"<{len(dims)}i", *dims)) + _element(1, name) + body)


def _cells(levels: int) -> bytes:
    inner = _matrix([1, 1], 6, _element(9, bytes(8)), b"")
    head = _element(6, struct.pack("<II", 1, 0)) + _element(5, struct.pack("<2i", 1, 1))
    for level in range(levels):
        body = head + _element(1, b"synsets" if level == levels - 1 else b"") + inner
        inner = struct.pack("<II", 14, len(body)) + body
    return inner


TABLES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "zeros": lambda: bytes(100_000),
    "a pickle": lambda: b"\x80\x04" + bytes(100),
    "hdf5": lambda: b"\x89HDF\r\n\x1a\n" + bytes(1000),
    "huge array": lambda: _mat(_matrix([2**30, 1])),
    "huge cells": lambda: _mat(_matrix([2**31 - 1, 1], 1)),
    "huge structs": lambda: _mat(_matrix([2**31 - 1, 1], 2)),
    "many dims": lambda: _mat(_matrix([2] * 60)),
    "negative dims": lambda: _mat(_matrix([-1, -1])),
    "nested cells": lambda: _mat(_cells(2000)),
    "20,000 nested cells": lambda: _mat(_packed(_cells(20_000))),
    "packed zeros": lambda: _mat(_packed(bytes(2**26 - 100))),
    "packed bomb": lambda: _mat(_packed(bytes(2**29))),
    "bombs": lambda: _mat(*[_packed(bytes(2**26))] * 30),
    "element of 4 GB": lambda: _mat(_element(9, b"", 2**32 - 1)),
    "sparse": lambda: _mat(_matrix([2**30, 2**30], 5)),
    "object": lambda: _mat(_matrix([1, 1], 3)),
    "function": lambda: _mat(_matrix([1, 1], 16)),
    "opaque": lambda: _mat(_matrix([1, 1], 17)),
    "version 4": lambda: struct.pack("<5i", 0, 2**30, 1, 0, 1) + b"\0",
}


def _packed(data: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    return struct.pack("<II", 15, len(packed)) + packed


TRUTH = "ILSVRC2012_validation_ground_truth.txt"
LINES: dict[str, bytes] = {
    "superscript": "²\n".encode(),
    "arabic": "٣\n".encode(),
    "5,000 digits": b"9" * 5000 + b"\n",
    "negative": b"-1\n",
    "huge": b"1" * 9 + b"\n",
    "nul": bytes(1000),
    "long line": b"1 x" * 5_000_000,
    "not utf-8": b"\xff\xfe\n",
    "escape": b"\x1b[2J\n",
    "empty": b"",
    "hex": b"0x1\n",
    "float": b"1.0\n",
    "underscore": b"1_0\n",
}


def _devkits() -> Iterator[Attack]:
    def kit(files: dict[str, Callable[[], bytes]], *, archive: bool) -> Make:
        def make(here: Path, _: random.Random) -> None:
            imagenet_files.tree(here / "images", each=1, validation=12)
            folder = here / "images" / "ILSVRC2012_devkit_t12" / "data"
            for name, build in files.items():
                (folder / name).write_bytes(build())
            if archive:
                whole = {f"ILSVRC2012_devkit_t12/data/{p.name}": p.read_bytes() for p in folder.iterdir()}
                (here / "images" / "ILSVRC2012_devkit_t12.tar.gz").write_bytes(
                    gzip.compress(imagenet_files.tarred(whole), 1)
                )

        return make

    for archive in (False, True):
        where = "archive" if archive else "folder"
        for word, build in TABLES.items():
            yield Attack(
                f"devkit/{where}/meta.mat/{word}",
                PREPARE,
                kit({"meta.mat": build}, archive=archive),
                (2,),
                ("meta.mat",),
            )
    for word, line in LINES.items():
        data = lambda line=line: line  # noqa: E731
        yield Attack(f"devkit/truth/{word}", PREPARE, kit({TRUTH: data}, archive=False), (2,))
        table = lambda line=line: b"n01440764 " + line  # noqa: E731
        yield Attack(f"devkit/table/{word}", PREPARE, kit({"map_clsloc.txt": table}, archive=False), (2,))
    for name in (TRUTH, "map_clsloc.txt", "meta.mat"):
        for form in forms.ALL:

            def formed(here: Path, _: random.Random, name: str = name, form: str = form) -> None:
                imagenet_files.tree(here / "images", each=1, validation=12)
                forms.put(here / "images" / "ILSVRC2012_devkit_t12" / "data" / name, form)

            # Without meta.mat the other table is taken.
            absent = name == "meta.mat" and form in ("link to a new file", "link to nowhere")
            yield Attack(f"devkit/{name}/is a {form}", PREPARE, formed, (0,) if absent else (2,), writes=MADE)

    def bomb(here: Path, _: random.Random) -> None:
        imagenet_files.tree(here / "images", each=1, validation=12)
        (here / "images" / "ILSVRC2012_devkit_t12.tar.gz").write_bytes(gzip.compress(bytes(2**29), 1))

    yield Attack("devkit/archive/bomb", PREPARE, bomb, (2,), ("more than",))
