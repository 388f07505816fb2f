"""Merges of specs of strangers: each side of them, where the result is put, and what it is called."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

from hostile import forms
from hostile.attack import Attack, Make
from hostile.comparing import ODD, pair
from hostile.edits import strict
from hostile.pairs import PAIRS
from hostile.specs import BYTES, TEXTS
from specnet.diagnostics.errors import SpecError
from specnet.network.network import examine
from specnet.syntax import document
from support.training_runs import TINY

DRIVER = ("merge", "base.yaml", "ours.yaml", "theirs.yaml", "--path", "specs/net.yaml")
OURS = TINY.replace("filters: 4", "filters: 6")
THEIRS = TINY.replace("units: 4", "units: 5")
CLASHING = TINY.replace("filters: 4", "filters: 8")
SIDES = ("base", "ours", "theirs")
MERGED = ("ours.yaml",)


def attacks() -> Iterator[Attack]:
    for side in SIDES:
        for name, content in (TEXTS | BYTES).items():
            made = content, (side,)
            yield Attack(f"merge/{side}/{name}", DRIVER, _texts(*made), (0, 1, 2), writes=MERGED, after=_kept)
        for form in forms.ALL:
            empty = side == "base" and form == "empty"
            codes = (0, 1) if empty else (1, 2)
            writes = MERGED if empty else ()
            yield Attack(f"merge/{side}/is a {form}", DRIVER, _form(side, form), codes, writes=writes)
    for name, content in (TEXTS | BYTES).items():
        if name not in ("empty lines", "comments", "block scalar"):
            alike = _texts(content, SIDES)
            yield Attack(f"merge/all/{name}", DRIVER, alike, (0, 1, 2), writes=MERGED, after=_kept)
    yield from _pairs()
    yield from _called()
    yield from _outputs()
    yield from _odd_ends()


def sides(base: str = TINY, ours: str = OURS, theirs: str = THEIRS) -> Make:
    def make(here: Path, _: random.Random) -> None:
        for name, text in zip(SIDES, (base, ours, theirs), strict=True):
            (here / f"{name}.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))

    return make


def _texts(content: object, hostile: tuple[str, ...]) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        sides()(here, draw)
        assert callable(content)
        made = content()
        for side in hostile:
            (here / f"{side}.yaml").write_bytes(made if isinstance(made, bytes) else made.encode())

    return make


def _form(side: str, form: str) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        sides()(here, draw)
        forms.put(here / f"{side}.yaml", form)

    return make


def _kept(here: Path, output: str) -> str | None:
    """What is merged without a conflict is a sound spec."""
    path = here / "ours.yaml"
    if output or not path.is_file() or path.stat().st_size > document.MAX_BYTES:
        return None
    try:
        made = examine(document.parse(path.read_bytes(), "ours"))
    except SpecError as error:
        return f"the merged text is none: {str(error)[:200]!a}"
    return None if made.network else f"the merged spec is not valid: {str(made.errors[0])[:200]!a}"


def _pairs() -> Iterator[Attack]:
    def put(name: str, order: tuple[int, int, int]) -> Make:
        def make(here: Path, draw: random.Random) -> None:
            pair(name)(here, draw)
            paths = [here / "before.yaml", here / "after.yaml", here / "nothing.yaml"]
            paths[2].touch()
            for side, number in zip(SIDES, order, strict=True):
                (here / f"{side}.yaml").write_bytes(paths[number].read_bytes())

        return make

    for name in PAIRS:
        for word, order in {
            "theirs changed": (0, 0, 1),
            "ours changed": (0, 1, 0),
            "both alike": (0, 1, 1),
            "both new": (2, 0, 1),
        }.items():
            codes = (0, 1) if word == "both new" else (0,)
            yield Attack(
                f"merge/pair/{word}/{name}", DRIVER, put(name, order), codes, writes=MERGED, after=_kept
            )


def _called() -> Iterator[Attack]:
    """What is said where both sides changed the same, in files that are called anything."""
    paths = {
        "escapes": "\x1b]0;owned\x07\x9b2J",
        "lines": "a\nspecnet: error: b\r",
        "not utf-8": "a\udcff",
        "right to left": "a\u202elmay",
        "long": "n" * 100_000,
        "a device": "/dev/zero",
        "outside": "../../people/thesis.tex",
        "braces": "{0.__class__}%s%n",
    }
    clash = sides(theirs=CLASHING)
    invalid = sides(theirs=TINY.replace("kernel: 3", 'kernel: "\\e[2J"'))
    for word, path in paths.items():
        for name, make in {"clash": clash, "invalid": invalid}.items():
            for more in ((), ("--json",)):
                yield Attack(
                    f"merge/called {word}/{name}{''.join(more)}",
                    (*DRIVER[:-1], path, *more),
                    make,
                    (1,),
                    ("filters" if name == "clash" else "kernel",),
                    writes=MERGED if name == "clash" else (),
                    after=lambda _, out: strict(out),
                )
    for word, raw in ODD.items():
        name = "./" + os.fsdecode(raw)

        def named(here: Path, draw: random.Random, name: str = name) -> None:
            clash(here, draw)
            (here / "ours.yaml").rename(here / name)
            (here / "theirs.yaml").rename(here / f"{name}~"[-250:])

        command = ("merge", "base.yaml", name, f"{name}~"[-250:])
        if len(name) < 240:
            writes = ("[!t]*",)
            yield Attack(f"merge/named {word}", command, named, (1,), ("filters",), writes=writes)
            surroundings = {"PYTHONIOENCODING": "ascii:strict"}
            yield Attack(
                f"merge/named {word}/ascii", command, named, (1,), writes=writes, surroundings=surroundings
            )


def _outputs() -> Iterator[Attack]:
    """Where the result is written."""
    elsewhere = ("merge", "base.yaml", "ours.yaml", "theirs.yaml", "-o", "out.yaml")
    for form in forms.ALL:

        def make(here: Path, draw: random.Random, form: str = form) -> None:
            sides()(here, draw)
            forms.put(here / "out.yaml", form)

        plain = form in forms.CONTENT and form != "folder"
        yield Attack(
            f"output/merge/{form}",
            elsewhere,
            make,
            (0,) if plain else (2,),
            () if plain else ("out.yaml",),
            writes=("out.yaml",) if plain else (),
        )

    def linked(target: str, *, hard: bool = False) -> Make:
        def make(here: Path, draw: random.Random) -> None:
            sides()(here, draw)
            spec = here.parent / "people" / "net.yaml"
            spec.write_text(OURS)
            (here / "ours.yaml").unlink()
            if hard:
                (here / "ours.yaml").hardlink_to(spec)
            else:
                (here / "ours.yaml").symlink_to(target)

        return make

    targets = {"a file": "../people/net.yaml", "base": "base.yaml", "theirs": "./theirs.yaml"}
    for word, target in targets.items():
        yield Attack(f"merge/ours is a link to {word}", DRIVER, linked(target), (2,), ("ours.yaml", "link"))
    yield Attack("merge/ours is a hard link", DRIVER, linked("", hard=True), (0,), writes=MERGED)

    def in_folder(here: Path, draw: random.Random) -> None:
        (here / "inner").mkdir()
        sides()(here / "inner", draw)
        (here / "link").symlink_to("inner")

    through = ("merge", "link/base.yaml", "link/ours.yaml", "link/theirs.yaml")
    yield Attack("merge/through a link", through, in_folder, (0,), writes=("inner/ours.yaml",))
    one = ("merge", "ours.yaml", "ours.yaml", "ours.yaml")
    yield Attack("merge/one file three times", one, sides(), (0,), writes=MERGED)
    places = {"nowhere": "nowhere/a.yaml", "a device": "/dev/full", "root": "/", "up": ".."}
    for word, place in places.items():
        yield Attack(f"merge/to {word}", (*elsewhere[:-1], place), sides(), (2,), ("cannot write",))
    commands: dict[str, tuple[str, ...]] = {
        "two from standard input": ("merge", "-", "ours.yaml", "-", "-o", "out.yaml"),
        "into standard input": ("merge", "base.yaml", "-", "theirs.yaml"),
        "into a revision": ("merge", "base.yaml", "HEAD:ours.yaml", "theirs.yaml"),
        "json and the text": ("merge", "base.yaml", "ours.yaml", "theirs.yaml", "--json", "-o", "-"),
        "no ours": ("merge", "base.yaml", "/dev/null", "theirs.yaml"),
        "no theirs": ("merge", "base.yaml", "ours.yaml", "/dev/null"),
        "a run": ("merge", "base.yaml", "../people", "theirs.yaml"),
    }
    for name, command in commands.items():
        yield Attack(f"merge/{name}", command, sides(), (2,))
    for source in ("/dev/zero", "/dev/urandom", "/dev/null"):
        is_empty = source == "/dev/null"
        yield Attack(
            f"merge/stdin/{source}",
            ("merge", "-", "ours.yaml", "theirs.yaml"),
            sides(),
            (0, 1) if is_empty else (1, 2),
            writes=MERGED if is_empty else (),
            stdin=source,
        )


def _odd_ends() -> Iterator[Attack]:
    """Text that is written back has to keep what it is, and a terminal has to be spared what is in it."""

    def lines(end: str) -> Make:
        return sides(*(text.replace("\n", end) for text in (TINY, OURS, THEIRS)))

    made: dict[str, tuple[Make, tuple[int, ...]]] = {
        "crlf": (lines("\r\n"), (0,)),
        "cr": (lines("\r"), (0, 1)),
        "nel": (lines("\x85"), (0, 1)),
        "line separators": (lines("\u2028"), (0, 1)),
        "crlf in theirs": (sides(theirs=THEIRS.replace("\n", "\r\n")), (0,)),
        "no last end": (sides(*(text.rstrip("\n") for text in (TINY, OURS, THEIRS))), (0,)),
        "byte order marks": (sides(*(f"\ufeff{text}" for text in (TINY, OURS, THEIRS))), (0,)),
        "a byte order mark in theirs": (sides(theirs=f"\ufeff{THEIRS}"), (0,)),
        "markers of another merge": (
            sides(ours=OURS.replace("layers:", "<<<<<<< a\nlayers:\n=======\n>>>>>>> b")),
            (1,),
        ),
        "markers in comments": (
            sides(ours=OURS.replace("layers:", "# <<<<<<< ours\n# =======\n# >>>>>>> theirs\nlayers:")),
            (0,),
        ),
        "an end of the document": (sides(ours=OURS + "...\n"), (0, 1)),
        "a second document": (sides(theirs=THEIRS + "---\na: 1\n"), (1,)),
        "marks in comments": (sides(ours=f"# \u202e \u2066 \u200b\n{OURS}", theirs=CLASHING), (1,)),
    }
    for name, (make, codes) in made.items():
        unread = name in ("markers of another merge", "a second document")
        writes = () if unread else MERGED
        yield Attack(f"merge/text/{name}", DRIVER, make, codes, writes=writes, after=_kept)
