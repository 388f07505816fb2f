"""Prepared datasets of strangers, and of people whose disk fails while they train."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from hostile import forms, sound
from hostile.attack import Attack, Make, Needs
from hostile.edits import strict
from hostile.run_directories import OWN
from hostile.states import VALUES
from hostile.tensors import headers
from specnet.data.prepare import manifest as manifests

COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Needs]] = {
    "verify": (("prepare", "--verify", "prepared"), (), "core"),
    "train": (
        ("train", "spec.yaml", "--run-dir", "new", "--data", "prepared:prepared", "--steps", "4"),
        ("new*",),
        "torch",
    ),
    "resume": (sound.RESUME_PREPARED, OWN, "torch"),
    "evaluate": (("evaluate", "run"), (), "torch"),
}
FILES = (
    *("manifest.json", "labels.safetensors", "statistics.safetensors", "train-00000.bin", "test-00000.bin"),
    *("train-names.txt", "test-names.txt"),
)


def attacks() -> Iterator[Attack]:
    for name in FILES:
        for form in forms.ALL:
            yield from _every(f"prepared/{name}/is a {form}", _form(name, form))
    for form in forms.ALL:
        yield from _every(f"prepared/is a {form}", _form(".", form))
    whole = (
        "shape",
        "source",
        "decoder",
        "classes",
        "words",
        "train",
        "test",
        "files",
        "format",
        "schema_version",
    )
    for key in whole:
        for word, value in VALUES.items():
            yield from _every(f"prepared/manifest/{key} {word}", _manifest(_set(key, value)))
    for word, change in EDITS.items():
        yield from _every(f"prepared/manifest/{word}", _manifest(change))
    for word, data in {
        "nested": b"[" * 500_000,
        "many": b'{"train": {"skipped": [' + b"1," * 8_000_000 + b"1]}}",
        "nan": b"NaN",
        "many classes": b'{"classes": [' + b"1," * 8_000_000 + b"1]}",
        "many keys": _keys(),
    }.items():
        yield from _every(f"prepared/manifest/whole {word}", _write("manifest.json", data))
    for word, data in headers().items():
        for name in ("labels.safetensors", "statistics.safetensors"):
            yield from _every(f"prepared/{name}/header {word}", _write(name, data, fit=True))
    for word, edit in ARRAYS.items():
        yield from _every(f"prepared/arrays/{word}", _arrays(*edit))
    for word, before in {
        "train": _truncating("train-00000.bin"),
        "test": _truncating("test-00000.bin"),
    }.items():
        for needs in ("torch", "tensorflow"):
            command = (
                *sound.RESUME_PREPARED[:-4],
                "--steps",
                "4000",
                "--checkpoint-every",
                "50",
                "--backend",
                needs,
            )
            yield Attack(
                f"prepared/truncated while training/{word}/{needs}",
                command,
                _sound,
                (2,),
                ("shorter", ".bin"),
                writes=("prepared/*.bin", *OWN),
                needs=needs,
                before=before,
            )


def _keys() -> bytes:
    return b"{" + b",".join(b'"k%d":1' % i for i in range(1_500_000)) + b"}"


def _every(name: str, make: Make) -> Iterator[Attack]:
    for word, (command, writes, needs) in COMMANDS.items():
        yield Attack(
            f"{name}/{word}",
            command,
            make,
            (0, 1, 2),
            writes=writes,
            needs=needs,
            after=lambda _, out: strict(out),
        )


def _sound(here: Path, _: random.Random) -> None:
    sound.run(here, prepared=True)


def _form(name: str, form: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.run(here, prepared=True)
        forms.put(here / "prepared" / name if name != "." else here / "prepared", form)

    return make


def _write(name: str, data: bytes, *, fit: bool = False) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.run(here, prepared=True)
        (here / "prepared" / name).write_bytes(data)
        if fit:
            _fit(here / "prepared", name, data)

    return make


def _fit(folder: Path, name: str, data: bytes) -> None:
    """Make the manifest say what the file is."""
    import hashlib

    found = json.loads((folder / manifests.NAME).read_bytes())
    found["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / manifests.NAME).write_bytes(manifests.as_json(found))


def _manifest(change: Callable[[dict[str, Any]], object]) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.run(here, prepared=True)
        path = here / "prepared" / manifests.NAME
        found = json.loads(path.read_bytes())
        change(found)
        path.write_bytes(manifests.as_json(found))

    return make


def _set(key: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda found: found.update({key: value})


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "classes with escapes": lambda m: m.update(classes=[f"\x1b]0;owned\x07{c}" for c in m["classes"]]),
    "words with escapes": lambda m: m.update(words=dict.fromkeys(m["classes"], "\x1b[2J\x9b")),
    "class names twice": lambda m: m.update(classes=["a"] * len(m["classes"])),
    "no classes": lambda m: m.update(classes=[]),
    "many classes": lambda m: m.update(classes=[str(i) for i in range(100_000)]),
    "a file outside": lambda m: m["files"].update(
        {"../../people/thesis.tex": {"bytes": 1250, "sha256": "0" * 64}}
    ),
    "an absolute file": lambda m: m["files"].update({"/etc/passwd": {"bytes": 1, "sha256": "0" * 64}}),
    "a million shards": lambda m: m["train"].update(shards=[0] * 1_000_000),
    "huge shards": lambda m: m["train"].update(shards=[2**62], images=2**62),
    "negative images": lambda m: m["train"].update(images=-1),
    "huge shape": lambda m: m.update(shape=[2**14, 2**14, 2**14]),
    "shape of nothing": lambda m: m.update(shape=[0, 0, 0]),
    "flat shape": lambda m: m.update(shape=[64]),
    "skipped with escapes": lambda m: m["train"].update(skipped=[{"name": "\x1b[2J", "reason": "\x1b[2J"}]),
    "hash of text": lambda m: m["files"]["train-00000.bin"].update(sha256="\x1b[2J"),
    "sizes of digits": lambda m: m["files"]["train-00000.bin"].update(bytes=10**4000),
    "an empty split": lambda m: m["test"].update(images=0, shards=[]),
}

ARRAYS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "labels of no class": ("labels.safetensors", lambda a: a.update(train=a["train"] + 1000)),
    "negative labels": ("labels.safetensors", lambda a: a.update(train=a["train"] - 1000)),
    "labels of float": ("labels.safetensors", lambda a: a.update(train=a["train"].astype(np.float32))),
    "labels missing": ("labels.safetensors", lambda a: a.pop("test")),
    "labels flat": ("labels.safetensors", lambda a: a.update(train=a["train"].reshape(1, -1))),
    "labels too many": ("labels.safetensors", lambda a: a.update(train=np.zeros(1_000_000, np.int64))),
    "statistics nan": ("statistics.safetensors", lambda a: [v.fill(np.nan) for v in a.values()]),
    "statistics inf": ("statistics.safetensors", lambda a: [v.fill(np.inf) for v in a.values()]),
    "statistics zero": ("statistics.safetensors", lambda a: [v.fill(0) for v in a.values()]),
    "statistics missing": ("statistics.safetensors", lambda a: a.pop("mean")),
    "statistics more": ("statistics.safetensors", lambda a: a.update({"\x1b[2J": np.zeros(3)})),
    "statistics of whole numbers": (
        "statistics.safetensors",
        lambda a: a.update({n: v.astype(np.int64) for n, v in a.items()}),
    ),
    "statistics of another shape": ("statistics.safetensors", lambda a: a.update(mean=np.zeros((1, 2, 2)))),
}


def _arrays(name: str, change: Callable[[dict[str, Any]], object]) -> Make:
    def make(here: Path, _: random.Random) -> None:
        sound.run(here, prepared=True)
        path = here / "prepared" / name
        arrays = {key: values.copy() for key, values in load(path.read_bytes()).items()}
        change(arrays)
        path.write_bytes(save(arrays))
        _fit(here / "prepared", name, path.read_bytes())

    return make


def _truncating(name: str) -> Callable[[], None]:
    """Cut a shard short as soon as there is a first checkpoint of the training that goes on."""

    def cut() -> None:
        until = time.monotonic() + 40
        while time.monotonic() < until and not list(Path("run/checkpoints").glob("step-0000005*")):
            time.sleep(0.02)
        os.truncate(Path("prepared", name), 10)

    return lambda: threading.Thread(target=cut, daemon=True).start()
