"""Names and links in folders of images."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

from hostile import sound
from hostile.attack import Attack, Make
from hostile.preparing import MADE, PREPARE, sound_images


def attacks() -> Iterator[Attack]:
    yield from _names()


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
                sound_images(here, draw)
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
            sound_images(here, draw)
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
        sound_images(here, draw)
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
        sound_images(here, draw)
        (here / "images" / "train" / "cat" / "up").symlink_to("..")
        (here / "images" / "train" / "root").symlink_to("/")

    yield Attack("folders/links up/prepare", PREPARE, looping, (0, 2), writes=MADE)


def _with_spec(make: Make) -> Make:
    def both(here: Path, draw: random.Random) -> None:
        make(here, draw)
        sound.copy("spec.yaml", here / "spec.yaml")

    return both
