"""Tar archives of images."""

from __future__ import annotations

import gzip
import random
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile import forms
from hostile.attack import Attack, Make
from hostile.preparing import MADE, PREPARE
from support import imagenet_files


def attacks() -> Iterator[Attack]:
    yield from _tars()


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
