"""Folders of images, archives and destinations for `specnet prepare`."""

from __future__ import annotations

import gzip
import os
import random
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile import forms, sound
from hostile.attack import Attack, Make
from specnet.storage.checksum import checksummed_json
from support import image_files, imagenet_files

PREPARE = ("prepare", "images", "made", "--size", "8", "--channels", "1", "--workers", "2")
MADE = ("made", "made/*", "made/work/*")


def attacks() -> Iterator[Attack]:
    yield from _current_folder()
    yield from _destinations()
    yield from _images()
    yield from _names()
    yield from _devkits()
    yield from _tars()


def _sound(here: Path, _: random.Random) -> None:
    sound.copy("images", here / "images")


def _current_folder() -> Iterator[Attack]:
    """A stranger's Python files where people work."""
    for name in (
        "json",
        "os",
        "numpy",
        "importlib",
        "specnet",
        "sitecustomize",
        "usercustomize",
        "PIL",
        "socket",
        "scipy",
    ):
        for package in (False, True):

            def make(here: Path, draw: random.Random, name: str = name, package: bool = package) -> None:
                _sound(here, draw)
                # More than one shard, so that there are workers.
                for number in range(140):
                    sound.copy("images/train/cat/0.png", here / "images" / "train" / "cat" / f"x{number}.png")
                path = here / name / "__init__.py" if package else here / f"{name}.py"
                path.parent.mkdir(exist_ok=True)
                path.write_text(
                    f"open({str(here.parent / 'people' / 'RAN')!r}, 'w').close()\nraise SystemExit(3)\n"
                )

            python = ("-P", "-m", "specnet", *PREPARE)
            yield Attack(
                f"current folder/{name}{'/' if package else '.py'}", PREPARE, make, (0,), writes=MADE
            )
            yield Attack(
                f"current folder/{name}{'/' if package else '.py'} -P",
                (),
                make,
                (0,),
                writes=MADE,
                python=python,
            )


PEOPLES: dict[str, tuple[str, ...]] = {
    "a thesis in work": ("work/thesis/thesis.tex",),
    "firmware": ("firmware.bin", "disk.bin.gz"),
    "all three": ("work/thesis/thesis.tex", "firmware.bin", "disk.bin.gz"),
    "names like ours": ("train-00000.bin", "test-00000.bin"),
    "a lock and names like ours": ("work/lock", "train-00000.bin"),
    "records like ours": ("work/train-00000.safetensors", "work/lock"),
    "partial": ("train-00000.bin.partial", "work/lock"),
    "a manifest of others": ("manifest.json",),
    "a hidden file": (".hidden",),
    "a plan of others": ("work/plan.json", "thesis.bin"),
}


def _destinations() -> Iterator[Attack]:
    for word, files in PEOPLES.items():

        def make(here: Path, draw: random.Random, files: tuple[str, ...] = files) -> None:
            _sound(here, draw)
            for name in files:
                path = here / "made" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("somebody's work")

        yield Attack(f"destination/{word}", PREPARE, make, (2,), ("made",), writes=("made/work/lock",))

    plans: dict[str, dict[str, Any]] = {
        "an honest plan": {"settings": {}, "shards": {"train": 1, "test": 1}},
        "many shards": {"settings": {}, "shards": {"train": 10**5, "test": 10**5}},
        "huge shards": {"settings": {}, "shards": {"train": 10**30, "test": 1}},
        "other splits": {"settings": {}, "shards": {"../../people/thesis": 1, "train": 1, "test": 1}},
        "null": {"settings": None, "shards": None},
    }
    for word, plan in plans.items():

        def planned(here: Path, draw: random.Random, plan: dict[str, Any] = plan) -> None:
            _sound(here, draw)
            (here / "made" / "work").mkdir(parents=True)
            (here / "made" / "work" / "plan.json").write_bytes(checksummed_json(plan))
            (here / "made" / "thesis.bin").write_text("somebody's work")

        yield Attack(
            f"destination/plan/{word}", PREPARE, planned, (2,), ("made",), writes=("made/work/lock",)
        )
    ours = (
        *(
            ".",
            "work",
            "work/lock",
            "work/plan.json",
            "manifest.json",
            "train-00000.bin",
            "labels.safetensors",
        ),
        *(
            "work/train-00000.safetensors",
            "work/.plan.json.writing",
            "train-00000.bin.partial",
            ".manifest.json.writing",
        ),
        *("statistics.safetensors", "train-names.txt"),
    )
    for name in ours:
        for form in forms.ALL:

            def formed(here: Path, draw: random.Random, name: str = name, form: str = form) -> None:
                _sound(here, draw)
                (here / "made").mkdir()
                if name.startswith("work/"):
                    (here / "made" / "work").mkdir()
                if name == ".":
                    (here / "made").rmdir()
                    forms.put(here / "made", form)
                else:
                    forms.put(here / "made" / name, form)

            empty = name in ("work/lock", "work/plan.json") and form not in (
                *forms.LINKS,
                *forms.ODD,
                "folder",
            )
            yield Attack(
                f"destination/{name}/is a {form}",
                PREPARE,
                formed,
                (0, 2) if empty else (2,),
                writes=MADE if empty else ("made/work/lock", "made/work"),
            )


def _images() -> Iterator[Attack]:
    for word, build in IMAGES.items():

        def make(here: Path, draw: random.Random, build: Callable[[], bytes] = build) -> None:
            _sound(here, draw)
            (here / "images" / "train" / "cat" / "odd.tif").write_bytes(build())

        yield Attack(f"image/{word}/prepare", PREPARE, make, (0,), writes=MADE)
        yield Attack(f"image/{word}/strict", (*PREPARE, "--strict"), make, (0, 2), writes=MADE)

        def one(here: Path, _: random.Random, build: Callable[[], bytes] = build) -> None:
            sound.run(here)
            (here / "odd.tif").write_bytes(build())

        yield Attack(
            f"image/{word}/predict", ("predict", "run", "odd.tif", "--json"), one, (0, 2), needs="torch"
        )
    for form in forms.ALL:

        def formed(here: Path, draw: random.Random, form: str = form) -> None:
            _sound(here, draw)
            forms.put(here / "images" / "train" / "cat" / "odd.png", form)

        yield Attack(f"image/is a {form}/prepare", PREPARE, formed, (0, 2), writes=MADE)

        def shown(here: Path, _: random.Random, form: str = form) -> None:
            sound.run(here)
            forms.put(here / "odd.png", form)

        yield Attack(
            f"image/is a {form}/predict",
            ("predict", "run", "odd.png"),
            shown,
            (2,),
            ("odd.png",),
            needs="torch",
        )


def _tiff(entries: list[tuple[int, int, int, int]], more: bytes = b"") -> bytes:
    """A little-endian TIFF with one directory: (tag, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + packed + bytes(4) + more


def _strips(count: int, **changed: int) -> bytes:
    tags = {
        256: 8,
        257: 8,
        258: 8,
        259: 1,
        262: 1,
        277: 1,
        278: 1,
        **{int(k[1:]): v for k, v in changed.items()},
    }
    entries = [(tag, 4, 1, value) for tag, value in tags.items()]
    return _tiff([*entries, (273, 4, count, 200), (279, 4, count, 200)], bytes(10_000))


IMAGES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a bomb": image_files.bomb,
    "huge sides": lambda: image_files.png(2**31 - 1, 2**31 - 1, 8, 2, b""),
    "no sides": lambda: image_files.png(0, 0, 8, 2, b""),
    "64 megapixels": lambda: image_files.png(8192, 8192, 8, 2, bytes(8192 * 200)),
    "64 megapixels deep": lambda: image_files.png(8192, 8192, 16, 6, bytes(8192 * 200)),
    "a packed bomb": lambda: image_files.png(8, 8, 8, 0, bytes(2 * 10**8)),
    "text bomb": lambda: _png_with(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8), 9)),
    "profile bomb": lambda: _png_with(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8), 9)),
    "international text bomb": lambda: _png_with(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(10**8), 9)),
    "many chunks": lambda: _png_with(b"tEXt", b"a\0b", 300_000),
    "exif bomb": lambda: _png_with(b"eXIf", _tiff([(0x8769, 4, 1, 8)])),
    "exif of itself": lambda: _png_with(b"eXIf", _tiff([(34665, 4, 1, 8), (0x8825, 4, 1, 8)])),
    "chunk of 2 GB": lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31 - 1) + b"IHDR" + bytes(100),
    "strip table of 4 GB": lambda: _strips(2**30),
    "strip table of 1 GB": lambda: _strips(2**28),
    "strip table of 2**32": lambda: _strips(2**32 - 1),
    "strips of nothing": lambda: _strips(0),
    "huge tiff": lambda: _strips(1, t256=2**31, t257=2**31),
    "tiff rows": lambda: _strips(1, t278=2**32 - 1),
    "tiff samples": lambda: _strips(1, t277=65535),
    "tiff bits": lambda: _strips(1, t258=2**31),
    "tiff lzw": lambda: _strips(1, t259=5),
    "tiff jpeg": lambda: _strips(1, t259=7),
    "tiff webp": lambda: _strips(1, t259=50001),
    "many entries": lambda: _tiff([(tag, 4, 1, 1) for tag in range(60_000)]),
    "large entries": lambda: _tiff([(tag, 7, 2**30, 8) for tag in range(256, 320)], bytes(1000)),
    "next of itself": lambda: _strips(1)[:-10_004] + struct.pack("<I", 8) + bytes(10_000),
    "bigtiff": lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + struct.pack("<Q", 2**63) + bytes(100),
    "gif of many frames": lambda: (
        b"GIF89a\x08\0\x08\0\x80\0\0"
        + bytes(6)
        + (b"\x2c" + struct.pack("<HHHH", 0, 0, 8, 8) + b"\0\x02\x02\x44\x01\0") * 200_000
        + b";"
    ),
    "gif of a huge frame": lambda: (
        b"GIF89a\x08\0\x08\0\x80\0\0"
        + bytes(6)
        + b"\x2c"
        + struct.pack("<HHHH", 0, 0, 65535, 65535)
        + b"\0\x02\x02\x44\x01\0;"
    ),
    "gif of comments": lambda: (
        b"GIF89a\x08\0\x08\0\x80\0\0" + bytes(6) + b"\x21\xfe" + (b"\xff" + b"c" * 255) * 100_000 + b"\0;"
    ),
    "ppm of digits": lambda: b"P6\n" + b"9" * 5000 + b" 1\n255\n",
    "ppm huge": lambda: b"P6\n99999 99999\n255\n",
    "ppm of text": lambda: b"P3\n8 8\n255\n" + b"9" * 10_000_000,
    "ppm of comments": lambda: b"P6\n" + b"#" * 20_000_000,
    "bmp huge": lambda: (
        b"BM"
        + struct.pack("<IHHI", 100, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 2**30, 2**30, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "bmp palette": lambda: (
        b"BM"
        + struct.pack("<IHHI", 100, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 8, 0, 0, 0, 0, 2**31, 0)
    ),
    "jpeg huge": lambda: (
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\1\x03\x11\1" + bytes(1000)
    ),
    "jpeg of segments": lambda: b"\xff\xd8" + (b"\xff\xe1\xff\xff" + b"Exif\0\0" + bytes(65527)) * 300,
    "webp huge": lambda: (
        b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff" * 6
    ),
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(x) run\n",
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "html": lambda: b"<html><script>1</script>",
    "ico": lambda: b"\0\0\1\0\xff\xff" + bytes(10_000),
    "pcx": lambda: b"\x0a\x05\x01\x08" + struct.pack("<HHHH", 0, 0, 65535, 65535) + bytes(10_000),
    "psd": lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30000, 30000, 8, 3) + bytes(1000),
    "fits": lambda: b"SIMPLE  =                    T" + b" " * 5000,
}


def _png_with(name: bytes, data: bytes, count: int = 1) -> bytes:
    """A sound PNG with chunks of a kind before its pixels."""
    whole = image_files.png(8, 8, 8, 0, bytes(72))
    chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return whole[:33] + chunk * count + whole[33:]


def _names() -> Iterator[Attack]:
    odd = {
        "escape": b"\x1b]0;owned\x07.png",
        "c1": "\x9b2J.png".encode(),
        "not utf-8": b"\xff\xfe.png",
        "newline": b"a\nb.png",
        "return": b"a\rb.png",
        "tab": b"a\tb.png",
        "right to left": "a\u202egnp.png".encode(),
        "long": b"n" * 250 + b".png",
        "spaces": b"   .png",
        "dash": b"-rf.png",
    }
    for word, name in odd.items():
        for bad in (False, True):

            def make(here: Path, draw: random.Random, name: bytes = name, bad: bool = bad) -> None:
                _sound(here, draw)
                for folder in (b"train/cat/", b"test/dog/"):
                    path = os.fsencode(here / "images") + b"/" + folder + name
                    Path(os.fsdecode(path)).write_bytes(
                        b"" if bad else sound.content("images/train/cat/0.png")
                    )

            kind = "bad" if bad else "good"
            yield Attack(f"name/{word}/{kind}/prepare", PREPARE, make, (0,), writes=MADE)
            if bad:
                yield Attack(f"name/{word}/strict", (*PREPARE, "--strict"), make, (2,), writes=MADE)
            ascii_only = {"PYTHONIOENCODING": "ascii:strict"}
            yield Attack(
                f"name/{word}/{kind}/ascii", PREPARE, make, (0,), writes=MADE, surroundings=ascii_only
            )

            def shown(here: Path, _: random.Random, name: bytes = name, bad: bool = bad) -> None:
                sound.run(here)
                path = os.fsdecode(os.fsencode(here) + b"/" + name)
                Path(path).write_bytes(b"" if bad else sound.content("images/train/cat/0.png"))

            for json in ((), ("--json",)):
                yield Attack(
                    f"name/{word}/{kind}/predict{''.join(json)}",
                    ("predict", "run", "--", os.fsdecode(name), *json)
                    if not json
                    else ("predict", "run", *json, "--", os.fsdecode(name)),
                    shown,
                    (2,) if bad else (0,),
                    needs="torch",
                )

        def classes(here: Path, draw: random.Random, name: bytes = name) -> None:
            _sound(here, draw)
            for split in ("train", "test"):
                old = here / "images" / split / "cat"
                old.rename(os.fsdecode(os.fsencode(old.parent) + b"/" + name))

        yield Attack(f"class name/{word}/prepare", PREPARE, classes, (0, 2), writes=MADE)
        yield Attack(
            f"class name/{word}/train",
            ("train", "spec.yaml", "--data", "image_folder:images", "--run-dir", "new", "--steps", "2"),
            _with_spec(classes),
            (0, 2),
            writes=("new*",),
            needs="torch",
        )

        def run(here: Path, _: random.Random, name: bytes = name) -> None:
            sound.run(here)
            (here / "run").rename(os.fsdecode(os.fsencode(here) + b"/" + name))

        for word2, encoding in (("", "utf-8:strict"), (" ascii", "ascii:strict")):
            surroundings = {"PYTHONIOENCODING": encoding}
            yield Attack(f"run name/{word}/runs{word2}", ("runs", "."), run, (0,), surroundings=surroundings)
            yield Attack(
                f"run name/{word}/runs json{word2}",
                ("runs", ".", "--json"),
                run,
                (0,),
                surroundings=surroundings,
            )
        yield Attack(
            f"run name/{word}/export",
            ("weights", "export", os.fsdecode(b"./" + name), "-o", "out.safetensors"),
            run,
            (0,),
            writes=("out.safetensors",),
        )
        yield Attack(
            f"run name/{word}/curves",
            ("curves", os.fsdecode(b"./" + name), "-o", "out.png"),
            run,
            (0,),
            writes=("out.png",),
        )
        yield Attack(
            f"run name/{word}/evaluate", ("evaluate", os.fsdecode(b"./" + name)), run, (0,), needs="torch"
        )

    def deep(here: Path, draw: random.Random) -> None:
        _sound(here, draw)
        folder = os.open(here / "images" / "train" / "cat", os.O_RDONLY)
        for _ in range(3000):
            os.mkdir("d", dir_fd=folder)
            inner = os.open("d", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(folder)

    yield Attack("folders/3,000 deep/prepare", PREPARE, deep, (0, 2), writes=MADE)
    yield Attack("folders/3,000 deep/runs", ("runs", "images"), deep, (0,))

    def looping(here: Path, draw: random.Random) -> None:
        _sound(here, draw)
        (here / "images" / "train" / "cat" / "up").symlink_to("..")
        (here / "images" / "train" / "root").symlink_to("/")

    yield Attack("folders/links up/prepare", PREPARE, looping, (0, 2), writes=MADE)


def _with_spec(make: Make) -> Make:
    def both(here: Path, draw: random.Random) -> None:
        make(here, draw)
        sound.copy("spec.yaml", here / "spec.yaml")

    return both


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


def _tars() -> Iterator[Attack]:
    def archive(part: str, data: Callable[[], bytes]) -> Make:
        def make(here: Path, _: random.Random) -> None:
            imagenet_files.official(here / "images", each=1, validation=12)
            (here / "images" / part).write_bytes(data())

        return make

    for part in ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"):
        for word, data in ARCHIVES.items():
            if part.endswith("gz"):
                packed = lambda data=data: gzip.compress(data(), 1)  # noqa: E731
                yield Attack(f"tar/{part}/{word}", PREPARE, archive(part, packed), (2,))
            else:
                yield Attack(f"tar/{part}/{word}", PREPARE, archive(part, data), (0, 2), writes=MADE)
        for form in forms.ALL:

            def formed(here: Path, _: random.Random, part: str = part, form: str = form) -> None:
                imagenet_files.official(here / "images", each=1, validation=12)
                forms.put(here / "images" / part, form)

            yield Attack(f"tar/{part}/is a {form}", PREPARE, formed, (2,))


def _entry(name: str = "n01440764.tar", **about: Any) -> bytes:
    member = tarfile.TarInfo(name)
    for key, value in about.items():
        setattr(member, key, value)
    return member.tobuf(tarfile.GNU_FORMAT)


def _pax(records: bytes) -> bytes:
    return _entry("x", type=tarfile.XHDTYPE, size=len(records)) + records + bytes(-len(records) % 512)


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "zeros": lambda: bytes(10_240),
    "text": lambda: b"hello" * 1000,
    "gzip": lambda: gzip.compress(bytes(10_000)),
    "huge member": lambda: _entry(size=2**60) + bytes(1024),
    "negative member": lambda: _entry(size=-(2**40)) + bytes(1024),
    "link": lambda: _entry(type=tarfile.SYMTYPE, linkname="/etc/passwd") + bytes(1024),
    "hard link": lambda: _entry(type=tarfile.LNKTYPE, linkname="/etc/passwd") + bytes(1024),
    "device": lambda: _entry(type=tarfile.CHRTYPE, devmajor=1, devminor=5) + bytes(1024),
    "sparse": lambda: _entry(type=tarfile.GNUTYPE_SPARSE, size=512) + bytes(2048),
    "outside": lambda: _entry("../../people/thesis.tex") + bytes(1024),
    "absolute": lambda: _entry("/etc/passwd") + bytes(1024),
    "escape": lambda: _entry("\x1b[2J.tar") + bytes(1024),
    "class with escapes": lambda: _entry("n\x1b[2J.tar") + bytes(1024),
    "not utf-8": lambda: _entry("n\udcff.tar") + bytes(1024),
    "million members": lambda: _entry("n01440764.tar") * 100_000 + bytes(1024),
    "long name of 1 GB": lambda: _entry("x", type=tarfile.GNUTYPE_LONGNAME, size=2**30) + bytes(1024),
    "pax digits": lambda: _pax(b"9" * 5000 + b" size=1\n"),
    "pax size": lambda: _pax(b"25 size=999999999999999\n") + _entry() + bytes(1024),
    "pax superscript": lambda: _pax("14 size=²²\n".encode()) + _entry() + bytes(1024),
    "pax negative": lambda: _pax(b"-5 size=1\n") + _entry() + bytes(1024),
    "pax zero": lambda: _pax(b"0 size=1\n") + _entry() + bytes(1024),
    "pax path": lambda: _pax(b"31 path=../../people/thesis.tex\n") + _entry() + bytes(1024),
    "cut": lambda: _entry(size=1000)[:300],
    "inner cut": lambda: _entry(size=512) + _entry("a.JPEG", size=1000) + bytes(1024),
    "many links": lambda: _entry("n01440764.tar", type=tarfile.SYMTYPE) * 100_000 + bytes(1024),
}
