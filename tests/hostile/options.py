"""Options that nobody would give."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from hostile import sound
from hostile.attack import Attack

OPTIONS: dict[str, tuple[tuple[str, ...], tuple[int, ...], str]] = {
    "run-dir empty": (("train", "spec.yaml", "--run-dir", ""), (2,), "--run-dir"),
    "set huge index": (("validate", "spec.yaml", "--set", f"groups.{10**30}=x"), (1, 2), "groups"),
    "set 5,000 digits": (("validate", "spec.yaml", "--set", f"groups.{'9' * 5000}=x"), (1, 2), "groups"),
    "set superscript": (("validate", "spec.yaml", "--set", "groups.²=x"), (1, 2), "groups"),
    "set other digits": (("validate", "spec.yaml", "--set", "groups.٣=x"), (0, 1, 2), ""),
    "set negative": (("validate", "spec.yaml", "--set", "groups.-1=x"), (1, 2), "groups"),
    "set inner index": (
        ("validate", "spec.yaml", "--set", f"training.augment.{'9' * 5000}.size=1"),
        (1, 2),
        "",
    ),
    "set deep": (("validate", "spec.yaml", "--set", "a." * 100_000 + "b=1"), (1, 2), ""),
    "set nested": (("validate", "spec.yaml", "--set", "name=" + "[" * 100_000), (1, 2), ""),
    "set empty": (("validate", "spec.yaml", "--set", ""), (2,), "--set"),
    "set equals": (("validate", "spec.yaml", "--set", "="), (2,), "--set"),
    "set escape": (("validate", "spec.yaml", "--set", "\x1b[2J=\x1b[2J"), (1, 2), ""),
    "set surrogate": (("validate", "spec.yaml", "--set", "a\udcff=b\udcff"), (1, 2), ""),
    "set digits": (("validate", "spec.yaml", "--set", f"training.epochs={'9' * 100_000}"), (1, 2), ""),
    "set infinite": (
        ("validate", "spec.yaml", "--set", "training.optimizer.learning_rate=1e999"),
        (1, 2),
        "",
    ),
    "memory 1e999": (("table", "spec.yaml", "--device-memory", "1e999"), (2,), "--device-memory"),
    "memory nan": (("table", "spec.yaml", "--device-memory", "nan"), (2,), "--device-memory"),
    "memory -1": (("table", "spec.yaml", "--device-memory", "-1"), (2,), "--device-memory"),
    "memory inf GiB": (("table", "spec.yaml", "--device-memory", "infGiB"), (2,), "--device-memory"),
    "memory digits": (("table", "spec.yaml", "--device-memory", "9" * 5000), (2,), "--device-memory"),
    "memory digits GiB": (("table", "spec.yaml", "--device-memory", "9" * 400 + "GiB"), (2,), ""),
    "memory superscript": (("table", "spec.yaml", "--device-memory", "²"), (2,), "--device-memory"),
    "steps digits": (("train", "spec.yaml", "--steps", "9" * 5000), (2,), "--steps"),
    "steps huge": (("train", "spec.yaml", "--steps", "9" * 30), (2,), "--steps"),
    "epochs superscript": (("train", "spec.yaml", "--epochs", "²"), (2,), "--epochs"),
    "seed digits": (("train", "spec.yaml", "--seed", "9" * 5000), (2,), "--seed"),
    "every infinite": (("train", "spec.yaml", "--checkpoint-every", "1e999s"), (2,), "--checkpoint-every"),
    "every digits": (("train", "spec.yaml", "--checkpoint-every", "9" * 5000), (2,), "--checkpoint-every"),
    "every digits h": (("train", "spec.yaml", "--checkpoint-every", "9" * 400 + "h"), (2,), ""),
    "every superscript": (("train", "spec.yaml", "--checkpoint-every", "²"), (2,), "--checkpoint-every"),
    "micro-batch digits": (("train", "spec.yaml", "--micro-batch", "9" * 5000), (2,), "--micro-batch"),
    "data empty kind": (("train", "spec.yaml", "--data", ":x"), (2,), ""),
    "data empty path": (("train", "spec.yaml", "--data", "prepared:"), (2,), ""),
    "data unknown": (("train", "spec.yaml", "--data", "\x1b[2J:x"), (2,), ""),
    "data surrogate": (("train", "spec.yaml", "--data", "prepared:a\udcff"), (2,), ""),
    "run-dir long": (("train", "spec.yaml", "--run-dir", "a" * 300), (2,), ""),
    "run-dir escape": (("train", "spec.yaml", "--run-dir", "spec.yaml/\x1b[2J"), (2,), ""),
    "spec surrogate": (("validate", "a\udcff"), (2,), ""),
    "spec escape": (("validate", "\x1b[2Ja"), (2,), ""),
    "spec long": (("validate", "a" * 100_000), (2,), ""),
    "spec empty": (("validate", ""), (2,), ""),
    "spec dash colon": (("validate", "--:x"), (2,), ""),
    "runs surrogate": (("runs", "a\udcff"), (2,), ""),
    "runs escape": (("runs", "\x1b[2J"), (2,), ""),
    "evaluate escape": (("evaluate", "\x1b[2J"), (2,), ""),
    "predict top": (("predict", "run", "x.png", "--top", "9" * 5000), (2,), "--top"),
    "predict top zero": (("predict", "run", "x.png", "--top", "0"), (2,), "--top"),
    "prepare size": (("prepare", "a", "b", "--size", "9" * 5000), (2,), "--size"),
    "prepare size zero": (("prepare", "a", "b", "--size", "0"), (2,), "--size"),
    "prepare size huge": (("prepare", "a", "b", "--size", "99999999999"), (2,), ""),
    "prepare held-out nan": (("prepare", "a", "b", "--held-out", "nan"), (2,), "--held-out"),
    "prepare held-out inf": (("prepare", "a", "b", "--held-out", "1e999"), (2,), "--held-out"),
    "prepare workers": (("prepare", "a", "b", "--workers", "9" * 5000), (2,), "--workers"),
    "prepare surrogate": (("prepare", "a\udcff", "b\udcff"), (2,), ""),
    "prepare no destination": (("prepare", "a"), (2,), ""),
    "weights surrogate": (("weights", "list", "a\udcff"), (2,), ""),
    "export empty": (("weights", "export", "run", "-o", ""), (2,), ""),
    "export dots": (("weights", "export", "run", "-o", "..", "--format", "safetensors"), (2,), ""),
    "graph empty": (("graph", "spec.yaml", "-o", ""), (2,), ""),
    "graph root": (("graph", "spec.yaml", "-o", "/"), (2,), ""),
    "explain escape": (("explain", "\x1b[2J"), (2,), ""),
    "explain path": (("explain", "../../SN101"), (2,), ""),
    "init path": (("init", "../../people/thesis"), (2,), ""),
    "backend path": (("compile", "spec.yaml", "--backend", "../x"), (2,), ""),
    "backend escape": (("compile", "spec.yaml", "--backend", "\x1b[2J"), (2,), ""),
    "command escape": (("\x1b[2J",), (2,), ""),
    "unknown escape": (("validate", "spec.yaml", "--\x1b[2J"), (2,), ""),
    "choice escape": (("train", "spec.yaml", "--precision", "\x1b[2J"), (2,), "--precision"),
}


def attacks() -> Iterator[Attack]:
    def make(here: Path, _: random.Random) -> None:
        sound.copy("spec.yaml", here / "spec.yaml")
        sound.copy("run", here / "run")

    for name, (command, codes, says) in OPTIONS.items():
        yield Attack(f"option/{name}", command, make, codes, (says,) if says else ())
