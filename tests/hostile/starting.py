"""Weights of strangers that a network starts from: files and runs that fit in part, and what runs record."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from hostile import forms, sound
from hostile.attack import Attack, Make, Needs
from hostile.edits import Edit, newest
from hostile.run_directories import INNER
from hostile.tensors import headers
from hostile.weights import HDF5, hdf5
from specnet.storage.checksum import checksummed_text, verified_text

NEW = ("new", "new/*")
FILES: dict[str, tuple[tuple[str, ...], Needs]] = {
    "partial": (("weights", "import", "small.yaml", "weights", "--partial", "--run-dir", "new"), "core"),
    "mapped": (
        *(
            (
                "weights",
                "import",
                "small.yaml",
                "weights",
                "--partial",
                "--map",
                "map.yaml",
                "--run-dir",
                "new",
            ),
        ),
        "core",
    ),
    "train": (
        ("train", "spec.yaml", "--weights", "weights", "--run-dir", "new", "--steps", "2"),
        "torch",
    ),
}
RUNS: dict[str, tuple[tuple[str, ...], Needs]] = {
    "list": (("weights", "list", "run"), "core"),
    "list checkpoint": (("weights", "list", f"run/{sound.NEWEST}"), "core"),
    "import": (("weights", "import", "spec.yaml", "run", "--run-dir", "new"), "core"),
    "partial": (("weights", "import", "spec.yaml", "run", "--partial", "--run-dir", "new"), "core"),
    "train": (("train", "spec.yaml", "--weights", "run", "--run-dir", "new", "--steps", "2"), "torch"),
}
GO_ON = ("train", "--resume", "--run-dir", "run", "--steps", "16", "--json")


def attacks() -> Iterator[Attack]:
    for word, (command, needs) in FILES.items():
        made: dict[str, Make] = {f"header {name}": _bytes(data) for name, data in headers().items()}
        made |= {f"tensors {name}": _bytes(save(build())) for name, build in TENSORS.items()}
        made |= {f"is a {form}": _form("weights", form) for form in forms.ALL}
        made |= {f"hdf5 {name}": hdf5(HDF5[name]) for name in HDF5 if needs == "core" or "bomb" in name}
        for name, make in made.items():
            yield Attack(f"start/{word}/{name}", command, _mapped(make), (0, 1, 2), writes=NEW, needs=needs)
    for name, text in MAPPINGS.items():
        command, needs = FILES["mapped"]
        yield Attack(
            f"start/mapping/{name}", command, _mapped(_bytes(None), text), (0, 1, 2), writes=NEW, needs=needs
        )
    yield from _runs()
    yield from _recorded()


def _runs() -> Iterator[Attack]:
    """A run, or a checkpoint of one, in the place of a file."""
    for word, (command, needs) in RUNS.items():
        every = forms.ALL if needs == "core" else ("pipe", "zeros", "link to a folder", "nested", "sparse")
        for form in every:
            for name in ("spec.yaml", "checkpoints", sound.NEWEST, *(f"{sound.NEWEST}/{i}" for i in INNER)):
                yield Attack(
                    f"start/run/{word}/{name}/{form}",
                    command,
                    run_form(name, form),
                    (0, 1, 2),
                    writes=NEW,
                    needs=needs,
                )
        for name, change in CHANGES.items():
            yield Attack(
                f"start/run/{word}/{name}", command, changed(change), (0, 1, 2), writes=NEW, needs=needs
            )
        for name, (old, new) in SPECS.items():
            yield Attack(
                f"start/run/{word}/spec {name}", command, spec(old, new), (0, 1, 2), writes=NEW, needs=needs
            )


def _recorded() -> Iterator[Attack]:
    """What a run's spec records beside the recipe: a run that goes on by itself is trained with that."""
    writes = (*(f"run/{name}" for name in ("*",)), "run")
    for name, line in RECORDED.items():
        for word, command in {"go on": GO_ON, "resume": sound.RESUME}.items():
            yield Attack(
                f"recorded/{name}/{word}",
                command,
                recorded_line(line()),
                (0, 2),
                writes=writes,
                needs="torch",
            )
        yield Attack(
            f"recorded/{name}/runs", ("runs", "run", "--json"), recorded_line(line()), (0,), writes=()
        )
        yield Attack(
            f"recorded/{name}/dry run", (*GO_ON, "--dry-run"), recorded_line(line()), (0, 2), needs="torch"
        )


def _bytes(data: bytes | None) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.copy("weights.safetensors", here / "weights")
        if data is not None:
            (here / "weights").write_bytes(data)

    return make


def _form(name: str, form: str) -> Make:
    return lambda here, _: forms.put(here / name, form)


def _mapped(make: Make, text: Callable[[], str] = lambda: "weights: 1\n") -> Make:
    def both(here: Path, draw: random.Random) -> None:
        for name in ("spec.yaml", "small.yaml"):
            sound.copy(name, here / name)
        make(here, draw)
        (here / "map.yaml").write_bytes(text().encode("utf-8", "surrogateescape"))

    return both


def run_form(name: str, form: str) -> Make:
    return lambda here, _: forms.put(sound.run(here) / name, form)


def changed(change: Edit) -> Make:
    def make(here: Path, _: random.Random) -> None:
        last = newest(here)
        arrays = {name: v.copy() for name, v in load((last / "weights.safetensors").read_bytes()).items()}
        change(arrays)
        sound.put_in_checkpoint(last, "weights.safetensors", save(arrays))

    return make


def spec(old: str, new: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        path = sound.run(here) / "spec.yaml"
        path.write_bytes(checksummed_text(verified_text(path.read_bytes()).replace(old, new)))

    return make


def recorded_line(line: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        path = sound.run(here) / "spec.yaml"
        lines = [one for one in verified_text(path.read_bytes()).splitlines() if "# trained with " not in one]
        path.write_bytes(checksummed_text("\n".join([*lines, line]) + "\n"))

    return make


def _ones(*names: str) -> dict[str, Any]:
    return {name: np.ones((), np.float32) for name in names}


TENSORS: dict[str, Callable[[], dict[str, Any]]] = {
    "many near a name": lambda: _ones(*(f"conv.a.weigth{i}" for i in range(20_000))),
    "many behind prefixes": lambda: _ones(*(f"{'m.' * 400}conv.weight{i}" for i in range(5_000))),
    "many prefixes": lambda: _ones(*(f"{'.'.join(f'p{i}x{j}' for j in range(60))}" for i in range(5_000))),
    "dots": lambda: _ones("." * 900, *("." * i for i in range(1, 300))),
    "of one layer": lambda: _ones(*(f"conv.weight{i}" for i in range(20_000)), "conv.a.weight"),
    "escapes": lambda: _ones("conv.\x1b[2J", "conv.a.\x9b"),
    "one that fits": lambda: {"out.a.bias": np.ones(2, np.float32), **_ones(*map(str, range(20_000)))},
    "one that is not finite": lambda: {"out.a.bias": np.full(2, np.nan, np.float32)},
    "one of another shape": lambda: {"out.a.bias": np.ones((2, 2), np.float32)},
    "one of no shape": lambda: _ones("out.a.bias"),
}
MAPPINGS: dict[str, Callable[[], str]] = {
    "prefix escape": lambda: 'weights: 1\nprefix: "\\e[2J\\x9b"\n',
    "prefix long": lambda: f"weights: 1\nprefix: {'m.' * 500_000}\n",
    "prefix list": lambda: "weights: 1\nprefix: [a]\n",
    "constants nan": lambda: "weights: 1\nconstants: {out.bias: .nan}\n",
    "constants huge": lambda: f"weights: 1\nconstants: {{out.bias: {'9' * 400}}}\n",
    "constants many": lambda: (
        "weights: 1\nconstants: {" + ", ".join(f"out.bias{i}: 1" for i in range(900)) + "}\n"
    ),
    "constants of everything": lambda: "weights: 1\nconstants: {conv.weight: 1, conv.bias: 1, out.bias: 2}\n",
    "tensors many": lambda: (
        "weights: 1\ntensors:\n" + "".join(f"  conv.a.weigth{i}: conv.{i}\n" for i in range(100_000))
    ),
    "tensors to many": lambda: f"weights: 1\ntensors: {{conv.a.weight: [{', '.join(['out'] * 9_000)}]}}\n",
    "tensors dots": lambda: f"weights: 1\ntensors: {{{'.' * 900_000}: {'.' * 900_000}}}\n",
    "ignore many": lambda: f"weights: 1\nignore: [{', '.join(f'out.a.b{i}' for i in range(9_000))}]\n",
    "ignore all": lambda: "weights: 1\nignore: [conv, norm, fc, out]\n",
    "concat odd": lambda: 'weights: 1\nconcat: "\\e[2J"\n',
}
CHANGES: dict[str, Edit] = {
    "nan": lambda arrays: [values.fill(np.nan) for values in arrays.values()],
    "none": lambda arrays: arrays.clear(),
    "one missing": lambda arrays: arrays.pop(min(arrays)),
    "all but one missing": lambda arrays: [arrays.pop(name) for name in sorted(arrays)[1:]],
    "flat": lambda arrays: arrays.update({name: v.reshape(-1) for name, v in arrays.items()}),
    "float16": lambda arrays: arrays.update({name: v.astype(np.float16) for name, v in arrays.items()}),
    "escapes": lambda arrays: arrays.update({"\x1b[2J": np.zeros(3, np.float32)}),
    "many": lambda arrays: arrays.update({f"x{i}": np.zeros(1, np.float32) for i in range(50_000)}),
}
SPECS = {
    "of another width": ("filters: 4", "filters: 6"),
    "of a huge width": ("filters: 4", "filters: 1000000000"),
    "of other names": ("conv", "\u202econv"),
    "of other groups": ("[a, b]", "[b, a]"),
    "of one group": ("[a, b]", "[a]"),
    "of no layers": ("layers:", "x:"),
    "of more layers": (
        "layers:",
        "layers:\n" + "".join(f"  i{i}: {{kind: input, shape: [1]}}\n" for i in range(9_000)),
    ),
}


def _json(**options: Any) -> Callable[[], str]:
    return lambda: f"# trained with {json.dumps(options)}"


RECORDED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "# trained with ",
    "not json": lambda: "# trained with {{{",
    "nested": lambda: "# trained with " + "[" * 100_000,
    "digits": lambda: '# trained with {"seed": ' + "9" * 5000 + "}",
    "twice": lambda: '# trained with {"seed": 1}\n# trained with {"seed": 2}',
    "nan": lambda: '# trained with {"steps": NaN}',
    "backend path": _json(backend="../../people/thesis"),
    "backend escape": _json(backend="\x1b[2J\x9b"),
    "backend long": _json(backend="x" * 1_000_000),
    "devices": _json(devices="cuda:999999999999,\x1b[2J"),
    "devices by group": _json(devices={"a": "\x1b[2J", "../x": "cpu"}),
    "seed": _json(seed=10**30),
    "seed negative": _json(seed=-1),
    "precision": _json(precision="\x1b]0;owned\x07"),
    "data path": _json(data="image_folder:../people"),
    "data device": _json(data="prepared:/dev/zero"),
    "data escape": _json(data="\x1b[2J:x"),
    "steps": _json(steps=10**14),
    "micro-batch": _json(micro_batch=10**14),
    "weights": _json(weights={"from": "\x1b[2J", "loaded": "x" * 1_000_000}),
    "weights deep": lambda: '# trained with {"weights": {"a": ' + "[" * 900 + "]" * 900 + "}}",
    "unknown": _json(**{"\x1b[2J": "\x1b[2J", "os.system": ["touch ../people/RAN"]}),
}
