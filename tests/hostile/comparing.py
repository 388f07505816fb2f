"""Specs of strangers, compared: two, several variants, for git, as a page or as lines; and where to."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from hostile import forms
from hostile.attack import Attack, Make
from hostile.edits import strict
from hostile.pairs import PAIRS
from hostile.specs import BYTES, TEXTS
from support.training_runs import TINY

NO_HASH, MODE = "0" * 40, "100644"
OUT = ("out.*",)


def driven(path: str, before: str, after: str) -> tuple[str, ...]:
    """What git gives to a driver of diffs."""
    return ("diff", "--git", path, before, NO_HASH, MODE, after, NO_HASH, MODE)


READERS: dict[str, tuple[str, ...]] = {
    "page": ("diff", "sound.yaml", "spec.yaml", "-o", "out.html"),
    "with itself": ("diff", "spec.yaml", "copy.yaml", "--all"),
    "variants": ("diff", "spec.yaml", "sound.yaml", "other.yaml", "--md"),
    "variant": ("diff", "sound.yaml", "spec.yaml", "other.yaml", "-o", "out.html"),
    "git": driven("spec.yaml", "sound.yaml", "spec.yaml"),
    "git alone": driven("spec.yaml", "/dev/null", "spec.yaml"),
    "lines": ("expand", "--lines", "spec.yaml", "-o", "out.txt"),
}
ON_PAIRS: dict[str, tuple[str, ...]] = {
    "text": ("diff", "before.yaml", "after.yaml"),
    "all": ("diff", "before.yaml", "after.yaml", "--all", "-o", "out.md"),
    "back": ("diff", "after.yaml", "before.yaml", "--json"),
    "page": ("diff", "before.yaml", "after.yaml", "-o", "out.html"),
    "variants": ("diff", "before.yaml", "after.yaml", "before.yaml", "-o", "out.html"),
    "git": driven("x.yaml", "before.yaml", "after.yaml"),
    "lines": ("expand", "--lines", "after.yaml"),
}
DRIVEN: dict[str, tuple[tuple[str, ...], tuple[int, ...], str]] = {
    "a path of escapes": (driven("\x1b[2J\x9b.yaml", "sound.yaml", "bad.yaml"), (0,), "\\x1b[2J"),
    "a path of lines": (driven("a\nb\r.yaml", "sound.yaml", "other.yaml"), (0,), "a"),
    "a path that is not utf-8": (driven("a\udcff.yaml", "sound.yaml", "bad.yaml"), (0,), "\\udcff"),
    "a path of marks": (driven("a\u202egnp.yaml", "sound.yaml", "other.yaml"), (0,), "\\u202e"),
    "a long path": (driven("a" * 100_000, "sound.yaml", "other.yaml"), (0,), "a"),
    "a path to a device": (driven("/dev/zero", "sound.yaml", "other.yaml"), (0,), "/dev/zero"),
    "the path alone": (("diff", "--git", "\x1b[2J"), (0,), "is not merged"),
    "too little": (("diff", "--git", "a", "sound.yaml", "b"), (2,), "--git"),
    "renamed": ((*driven("a", "sound.yaml", "other.yaml"), "b\x1b[2J", "similarity \x1b[2J"), (0,), "a"),
    "both sides away": (driven("a", "/dev/null", "/dev/null"), (0,), "a"),
    "a device": (driven("a", "/dev/zero", "sound.yaml"), (0,), "not a plain file"),
    "a folder": (driven("a", ".", "sound.yaml"), (0,), "a"),
    "standard input": (driven("a", "-", "-"), (0,), "a"),
    "a revision": (driven("a", "HEAD:a", "sound.yaml"), (0,), "a"),
    "hashes of escapes": (
        ("diff", "--git", "a", "sound.yaml", "\x1b[2J", "\x9b", "other.yaml", "\x1b[2J", "\x9b"),
        (0,),
        "a",
    ),
}


def attacks() -> Iterator[Attack]:
    for word, command in READERS.items():
        heavy = word not in ("git alone", "lines")
        for name, content in (TEXTS | BYTES).items():
            if heavy and name in ("empty lines", "comments", "block scalar"):
                continue
            yield Attack(f"compare/{word}/{name}", command, text(content), (0, 1, 2), writes=OUT)
        for form in forms.ALL:
            made = _form(form), (0,) if "git" in word else (1, 2)
            yield Attack(f"compare/{word}/is a {form}", command, *made, writes=OUT)
    for name in PAIRS:
        for word, command in ON_PAIRS.items():
            yield Attack(
                f"pair/{word}/{name}", command, pair(name), (0,), writes=OUT, after=lambda _, out: strict(out)
            )
    for name, (command, codes, says) in DRIVEN.items():
        yield Attack(f"compare/driven/{name}", command, small, codes, (says,))
        ascii_only = {"PYTHONIOENCODING": "ascii:strict"}
        yield Attack(f"compare/driven/{name}/ascii", command, small, codes, surroundings=ascii_only)
    yield from _named()
    yield from _outputs()


def small(here: Path, _: random.Random) -> None:
    """A sound spec, another one, and one that is none."""
    (here / "sound.yaml").write_text(TINY)
    (here / "other.yaml").write_text(TINY.replace("filters: 4", "filters: 6"))
    (here / "bad.yaml").write_text(TINY.replace("kernel: 3", 'kernel: "\\e[2J"'))


def text(content: Callable[[], str | bytes]) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        small(here, draw)
        made = content()
        raw = made if isinstance(made, bytes) else made.encode()
        for name in ("spec.yaml", "copy.yaml"):
            (here / name).write_bytes(raw)

    return make


def _form(form: str) -> Make:
    def make(here: Path, draw: random.Random) -> None:
        small(here, draw)
        (here / "copy.yaml").write_text(TINY)
        forms.put(here / "spec.yaml", form)

    return make


def pair(name: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        for path, made in zip(("before.yaml", "after.yaml"), PAIRS[name](), strict=True):
            (here / path).write_bytes(made.encode())

    return make


ODD = {
    "escape": b"\x1b]0;owned\x07.yaml",
    "c1": "\x9b2J.yaml".encode(),
    "not utf-8": b"\xff\xfe.yaml",
    "newline": b"a\nb.yaml",
    "return": b"a\rb.yaml",
    "right to left": "a\u202elmay.yaml".encode(),
    "long": b"n" * 250 + b".yaml",
    "a bar": b"a|b`c|.yaml",
    "markup": b"<img src=x onerror=alert(1)>.yaml",
    "colon": b"HEAD:a.yaml",
}
"""Names of files, which lie there."""


def _named() -> Iterator[Attack]:
    for word, raw in ODD.items():
        name = "./" + raw.decode("utf-8", "surrogateescape")

        def make(here: Path, draw: random.Random, name: str = name) -> None:
            small(here, draw)
            (here / name).write_text(TINY.replace("units: 4", "units: 5"))

        for form in ("--all", "--json", "--md", "--html"):
            for sides in (("sound.yaml", name), ("sound.yaml", name, "other.yaml"), (name, name, name)):
                kind = f"compare/name/{word}/{form} {len(sides)} {sides[0] == name}"
                look = (lambda _, out: strict(out)) if form == "--json" else None
                yield Attack(kind, ("diff", *sides, form), make, (0,), after=look)
        encoding = {"PYTHONIOENCODING": "ascii:strict"}
        yield Attack(
            f"compare/name/{word}/ascii",
            ("diff", "sound.yaml", name, "other.yaml"),
            make,
            (0,),
            surroundings=encoding,
        )
        yield Attack(f"compare/name/{word}/lines", ("expand", "--lines", name), make, (0,), ("units: 5",))
        yield Attack(f"compare/name/{word}/git", driven(name, "sound.yaml", name), make, (0,), ("units",))


COMMANDS: dict[str, tuple[str, ...]] = {
    "text": ("diff", "sound.yaml", "other.yaml", "-o", "out.txt"),
    "json": ("diff", "sound.yaml", "other.yaml", "-o", "out.json"),
    "page": ("diff", "sound.yaml", "other.yaml", "-o", "out.html"),
    "variants": ("diff", "sound.yaml", "other.yaml", "sound.yaml", "-o", "out.md"),
    "lines": ("expand", "--lines", "sound.yaml", "-o", "out.lines"),
}


def _outputs() -> Iterator[Attack]:
    """Where a command is told to write."""
    for word, command in COMMANDS.items():
        out = command[-1]
        for form in forms.ALL:

            def make(here: Path, draw: random.Random, form: str = form, out: str = out) -> None:
                small(here, draw)
                forms.put(here / out, form)

            plain = form in forms.CONTENT and form != "folder"
            says = () if plain else (out,)
            writes = (out,) if plain else ()
            codes = (0,) if plain else (2,)
            yield Attack(f"output/{word}/{form}", command, make, codes, says, writes=writes)
        for name, place in {
            "in no folder": "nowhere/out.html",
            "in a file": "sound.yaml/out.html",
            "dots": "..",
            "a slash": "./",
            "root": "/",
            "a device": "/dev/full.html",
            "of 300 letters": "a" * 300,
            "of escapes": "nowhere/\x1b[2J",
        }.items():
            if name == "a device":
                place = "/dev/full"
            yield Attack(f"output/{word}/{name}", (*command[:-1], place), small, (2,), ("cannot write",))
