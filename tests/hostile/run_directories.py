"""Run directories of strangers: what is read from them, and what is written into them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from hostile import forms, sound
from hostile.attack import Attack, Make, Needs

READ = ("spec.yaml", "metrics.jsonl", "lock", "statistics.safetensors", "checkpoints")
INNER = ("weights.safetensors", "optimizer.safetensors", "state.json", "manifest.json")
PICTURES = ("curves.png", "kernels.png", "events")
BESIDE = (
    *(".metrics.jsonl.writing", ".spec.yaml.writing", ".curves.png.writing", ".kernels.png.writing"),
    *(".statistics.safetensors.writing", "checkpoints/.writing-step-00000016", "checkpoints/.writing-step-1"),
    *("checkpoints/step-00000016", "checkpoints/.broken-step-00000016", "checkpoints/step-99999999"),
)
OWN = (
    *("run", "run/lock", "run/metrics.jsonl", "run/curves.png", "run/kernels.png", "run/spec.yaml"),
    *("run/statistics.safetensors", "run/checkpoints", "run/checkpoints/*", "run/events", "run/events/*"),
)
"""What a trainer may write."""

COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Needs]] = {
    "runs": (("runs", "run"), (), "core"),
    "runs above": (("runs", "."), (), "core"),
    "runs --json": (("runs", "run", "--json"), (), "core"),
    "curves": (("curves", "run", "-o", "drawn.png"), ("drawn.png",), "core"),
    "export": (("weights", "export", "run", "-o", "out.safetensors"), ("out.safetensors",), "core"),
    "import": (
        ("weights", "import", "small.yaml", "weights.safetensors", "--run-dir", "run"),
        ("run", *OWN),
        "core",
    ),
    "evaluate": (("evaluate", "run"), (), "torch"),
    "predict": (("predict", "run", "image.png"), (), "torch"),
    "resume": (sound.RESUME, OWN, "torch"),
    "anew": ((*sound.TRAIN, "--steps", "4"), OWN, "torch"),
}


def attacks() -> Iterator[Attack]:
    for name in (*READ, *PICTURES, *(f"{sound.NEWEST}/{inner}" for inner in INNER), sound.NEWEST, *BESIDE):
        for form in forms.ALL:
            for word, (command, writes, needs) in COMMANDS.items():
                # Nothing but resuming and training looks at what is written beside.
                if name in BESIDE and word in ("runs --json", "curves", "evaluate", "predict", "import"):
                    continue
                yield Attack(
                    f"run/{word}/{name}/{form}",
                    command,
                    _with(name, form),
                    codes=(0, 1, 2),
                    writes=writes,
                    needs=needs,
                )


def _with(name: str, form: str) -> Make:
    def make(here: Path, _: random.Random) -> None:
        run = sound.run(here)
        sound.copy("small.yaml", here / "small.yaml")
        sound.copy("weights.safetensors", here / "weights.safetensors")
        sound.copy("images/test/cat/0.png", here / "image.png")
        forms.put(run / name, form)

    return make
