"""Runs of strangers whose weights are carried into another network, networks of strangers, and where to."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hostile import forms, sound
from hostile.attack import Attack, Make
from hostile.edits import Edit, newest, strict
from hostile.pairs import PAIRS
from hostile.run_directories import INNER
from hostile.specs import BYTES, TEXTS
from hostile.starting import CHANGES, SPECS, changed, recorded_line, run_form, spec
from hostile.starting import RECORDED as LINES
from hostile.tensors import headers
from specnet.storage.checksum import checksummed_text, verified_text

CARRY = ("weights", "carry", "run")
NEW = ("new", "new/*")
OUT = ("out.safetensors",)
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tell": ((*CARRY, "wider.yaml", "--json"), ()),
    "file": ((*CARRY, "wider.yaml", "-o", "out.safetensors"), OUT),
    "only": ((*CARRY, "wider.yaml", "-o", "out.safetensors", "--only-carried"), OUT),
    "run": ((*CARRY, "wider.yaml", "--run-dir", "new"), NEW),
}
PLACES = ("spec.yaml", "checkpoints", sound.NEWEST, *(f"{sound.NEWEST}/{inner}" for inner in INNER))


def attacks() -> Iterator[Attack]:
    for word, (command, writes) in COMMANDS.items():
        made: dict[str, Make] = {
            **{f"{name}/{form}": run_form(name, form) for name in PLACES for form in forms.ALL},
            **{name: changed(change) for name, change in CHANGES.items()},
            **{f"shares {name}": changed(change) for name, change in SHARES.items()},
            **{f"spec {name}": spec(old, new) for name, (old, new) in SPECS.items()},
            **{f"header {name}": _header(data) for name, data in headers().items()},
        }
        for name, make in made.items():
            yield Attack(
                f"carry/{word}/{name}",
                command,
                _into_wider(make),
                (0, 1, 2),
                writes=writes,
                after=lambda _, out: strict(out),
            )
    for name, line in LINES.items():
        make = _into_wider(recorded_line(line()))
        yield Attack(f"carry/recorded/{name}", COMMANDS["run"][0], make, (0, 2), writes=NEW)
    command, writes = COMMANDS["file"]
    for name, content in (TEXTS | BYTES).items():
        target = _into_text(content)
        yield Attack(f"carry/into/{name}", command, target, (0, 1, 2), writes=writes)
    for form in forms.ALL:
        into = _into_form(form)
        yield Attack(f"carry/into a {form}", command, into, (1, 2))
    for name in PAIRS:
        # The values of a run that is as large as its spec says are no attack: they are somebody's.
        yield Attack(f"carry/into what is as/{name}", COMMANDS["tell"][0], _into_pair(name), (1, 2))
    yield from _outputs()


def _nan(arrays: dict[str, Any]) -> None:
    for values in arrays.values():
        values.fill(np.nan)


def _exchanged(arrays: dict[str, Any]) -> None:
    """Each share under the name of the other group's."""
    for name in [n for n in arrays if ".a." in n]:
        other = name.replace(".a.", ".b.")
        if other in arrays:
            arrays[name], arrays[other] = arrays[other], arrays[name]


SHARES: dict[str, Edit] = {
    "nan": _nan,
    "exchanged": _exchanged,
    "of one group": lambda arrays: [arrays.pop(name) for name in list(arrays) if ".b." in name],
    "of a third group": lambda arrays: arrays.update({f"{n}c": v for n, v in list(arrays.items())}),
    "of escapes": lambda arrays: arrays.update({f"{n}\x1b[2J": v for n, v in list(arrays.items())}),
    "joined": lambda arrays: arrays.update({n: np.concatenate([v, v]) for n, v in arrays.items() if v.ndim}),
    "cut": lambda arrays: arrays.update({n: v[:1] for n, v in arrays.items() if v.ndim}),
    "transposed": lambda arrays: arrays.update({n: v.T.copy() for n, v in arrays.items()}),
    "of no rows": lambda arrays: arrays.update({n: v[:0] for n, v in arrays.items() if v.ndim}),
    "of no numbers": lambda arrays: arrays.update({n: v.astype(np.uint8) for n, v in arrays.items()}),
    "of halves": lambda arrays: arrays.update({n: v.astype(np.float16) for n, v in arrays.items()}),
    "of doubles": lambda arrays: arrays.update({n: v.astype(np.float64) for n, v in arrays.items()}),
    "too large": lambda arrays: arrays.update({n: np.full_like(v, 3e38) for n, v in arrays.items()}),
}
"""What a checkpoint has in the places of its groups' shares."""


def _into_wider(make: Make) -> Make:
    def both(here: Path, draw: random.Random) -> None:
        make(here, draw)
        text = sound.content("spec.yaml").decode()
        (here / "wider.yaml").write_text(text.replace("units: 4", "units: 5").replace("[a, b]", "[b, a]"))

    return both


def _run(here: Path, _: random.Random) -> None:
    sound.run(here)


def _header(data: bytes) -> Make:
    return lambda here, _: sound.put_in_checkpoint(newest(here), "weights.safetensors", data)


def _into_text(content: Any) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.run(here)
        made = content()
        (here / "wider.yaml").write_bytes(made if isinstance(made, bytes) else made.encode())

    return make


def _into_form(form: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.run(here)
        forms.put(here / "wider.yaml", form)

    return make


def _into_pair(name: str) -> Make:
    """A run whose spec is one of a pair, with the weights of another network, carried into the other."""

    def make(here: Path, _: random.Random) -> None:
        before, after = PAIRS[name]()
        path = sound.run(here) / "spec.yaml"
        rest = re.findall(r"^# .+$", verified_text(path.read_bytes()), flags=re.MULTILINE)
        path.write_bytes(checksummed_text("\n".join([before.replace("\r\n", "\n"), *rest]) + "\n"))
        (here / "wider.yaml").write_bytes(after.encode())

    return make


def _outputs() -> Iterator[Attack]:
    """What lies where the file or the run is to be made."""

    def at(name: str, form: str) -> Make:
        def make(here: Path, draw: random.Random) -> None:
            _into_wider(_run)(here, draw)
            (here / name).parent.mkdir(exist_ok=True)
            forms.put(here / name, form)

        return make

    for form in forms.ALL:
        plain = form in forms.CONTENT and form != "folder"
        for word in ("file", "only"):
            writes = OUT if plain else ()
            says = () if plain else OUT
            yield Attack(
                f"output/carry {word}/{form}",
                COMMANDS[word][0],
                at("out.safetensors", form),
                (0,) if plain else (2,),
                says,
                writes=writes,
            )
        command = COMMANDS["run"][0]
        yield Attack(f"output/carry run/{form}", command, at("new", form), (0, 2), writes=("new/[!n]*",))
        for inner in ("spec.yaml", "checkpoints", "metrics.jsonl", "lock", "thesis.tex", ".hidden"):
            yield Attack(
                f"output/carry run/{inner} is a {form}",
                command,
                at(f"new/{inner}", form),
                (0, 2),
                writes=("new/lock", "new/spec.yaml", "new/checkpoints*", "new/metrics.jsonl", "new"),
                after=_stays(inner),
            )
    options: dict[str, tuple[str, ...]] = {
        "both": ("-o", "out.safetensors", "--run-dir", "new"),
        "data without a run": ("--data", "digits"),
        "a seed of digits": ("--seed", "9" * 5000),
        "only and a run": ("--only-carried", "--run-dir", "new"),
        "another suffix": ("-o", "out\x1b[2J.h5"),
        "no suffix": ("-o", "out"),
        "root": ("-o", "/"),
        "up": ("-o", ".."),
        "in a device": ("-o", "/dev/null/x.safetensors"),
        "a run in a file": ("--run-dir", "wider.yaml/new"),
        "a run that is long": ("--run-dir", "n" * 300),
        "the run itself": ("--run-dir", "run"),
        "a surrogate": ("-o", "nowhere/a\udcff.safetensors"),
        "precision": ("--precision", "\x1b[2J"),
        "set": ("--set", "\x1b[2J=\x9b"),
    }

    for word, more in options.items():
        make = _into_wider(_run)
        yield Attack(f"carry/option/{word}", (*CARRY, "wider.yaml", *more), make, (1, 2))
    for word, kept in {"escapes": "\x1b[2J:x", "others": "image_folder\x1b:../people"}.items():
        # What is kept of a dataset is looked at where it is used.
        command = (*CARRY, "wider.yaml", "--run-dir", "new", "--data", kept)
        yield Attack(f"carry/data of {word}", command, _into_wider(_run), (0, 2), writes=NEW)
    for word, source in {
        "surrogate": "a\udcff",
        "escape": "\x1b[2J",
        "device": "/dev/zero",
        "root": "/",
        "proc": "/proc/self",
        "spec": "wider.yaml",
        "revision": "HEAD:run",
    }.items():
        make = _into_wider(_run)
        yield Attack(f"carry/from/{word}", ("weights", "carry", source, "wider.yaml"), make, (2,))


def _stays(inner: str) -> Any:
    """What lay in the folder is there, whatever was made beside it."""

    def look(here: Path, _: str) -> str | None:
        path = here / "new" / inner
        return None if path.exists() or path.is_symlink() else f"new/{inner} is gone"

    return look
