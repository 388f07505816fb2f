"""What is said of each class, where a dataset has named the classes, and folders of images to classify."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hostile import forms, sound
from hostile.attack import Attack, Make
from hostile.edits import as_json, strict
from specnet.data.prepare import manifest as manifests

FORMS = ("json", "png", "svg", "pdf")
NAMES: dict[str, Callable[[int], str]] = {
    "escapes": lambda i: f"\x1b]0;owned\x07\x9b2J{i}",
    "formulas": lambda i: f"$\\frac{{{'x' * i}$",
    "broken formulas": lambda i: "$\\input{/etc/passwd}" + "$" * i,
    "markup": lambda i: f"<script>alert({i})</script>&{i};<![CDATA[",
    "long": lambda i: "n" * 500_000 + str(i),
    "lines": lambda i: "a\nb\r\n" * 100 + str(i),
    "right to left": lambda i: f"\u202e{i}\u2066",
    "no letters": lambda i: "\U000e0001" * (i + 1),
    "a path": lambda i: f"../../people/thesis.tex{i}",
    "surrogates": lambda i: f"\ud800{i}",
}
"""The names of four classes."""


def attacks() -> Iterator[Attack]:
    for word, name in NAMES.items():
        for asked in ("table", "--json", *(f"out.{form}" for form in FORMS)):
            options = (asked,) if asked == "--json" else ("--report", asked)
            yield Attack(
                f"report/{word}/{asked}",
                ("evaluate", "run", *options, *(("--report",) if asked == "--json" else ())),
                _named([name(i) for i in range(4)]),
                (0, 2),
                writes=("out.*",) if asked.startswith("out") else (),
                needs="torch",
                after=lambda _, out: strict(out),
            )
        command = ("predict", "run", "images/test/cat/0.png", "--json")
        yield Attack(
            f"report/{word}/predict", command, _named([name(i) for i in range(4)]), (0, 2), needs="torch"
        )
    for form in forms.ALL:
        for suffix in ("json", "png"):
            plain = form in forms.CONTENT and form not in ("folder", "hard link")
            yield Attack(
                f"report/out.{suffix} is a {form}",
                ("evaluate", "run", "--report", f"out.{suffix}"),
                _at(f"out.{suffix}", form),
                (0,) if plain else (0, 2) if form == "hard link" else (2,),
                writes=(f"out.{suffix}",) if plain or form == "hard link" else (),
                needs="torch",
            )
        yield Attack(
            f"report/folder holds a {form}",
            ("predict", "run", "images"),
            _in_folder(form),
            (0, 2),
            needs="torch",
        )
    for word, file in {
        "no name": ".json",
        "a folder": "images/.png",
        "no": "-",
    }.items():
        yield Attack(
            f"report/as {word}", ("evaluate", "run", "--report", file), _named(None), (2,), needs="torch"
        )
    yield Attack("report/deep folder", ("predict", "run", "images"), _deep, (0, 2), needs="torch")


def _named(names: Sequence[str] | None) -> Make:
    """A run and its dataset, whose classes are called so in both."""

    def make(here: Path, _: random.Random) -> None:
        run = sound.run(here, prepared=True)
        sound.copy("images", here / "images")
        if names is None:
            return
        path = here / "prepared" / manifests.NAME
        found = json.loads(path.read_bytes())
        found["classes"] = list(names)
        path.write_bytes(manifests.as_json(found))
        for checkpoint in (run / "checkpoints").iterdir():
            state = json.loads((checkpoint / "state.json").read_text())
            state["classes"] = list(names)
            sound.put_in_checkpoint(checkpoint, "state.json", as_json(state))

    return make


def _at(name: str, form: str) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        _named(None)(here, draw)
        forms.put(here / name, form)

    return make


def _in_folder(form: str) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        _named(None)(here, draw)
        forms.put(here / "images" / "test" / "odd.png", form)
        forms.put(here / "images" / "test" / "odd", form)

    return make


def _deep(here: Path, draw: random.Random) -> None:
    _named(None)(here, draw)
    folder = os.open(here / "images", os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
