"""Sound things, made once: hostile ones are copies of them with something changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specnet.cli.main import main
from specnet.storage.checksum import checksummed_json, verified_json
from support import image_files, weights_files
from support.training_runs import TINY

STEPS, EVERY = 12, 4
NEWEST, OLDER = "checkpoints/step-00000012", "checkpoints/step-00000008"
TRAIN = ("train", "spec.yaml", "--run-dir", "run")
RESUME = (*TRAIN, "--resume", "--steps", "16", "--checkpoint-every", "4")
PREPARED = "run-prepared"
RESUME_PREPARED = (*("train", "spec.yaml", "--run-dir", "run", "--data", "prepared:prepared"), *RESUME[4:])

_made: list[Path] = []
"""The folder that they are in."""


def make(folder: Path) -> None:
    """Make them in a folder, in a Python of their own: a fork of a framework with threads hangs."""
    _made[:] = [folder]
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tests)}
    command = [sys.executable, "-m", "hostile.sound"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the sound inputs could not be made: {done.stderr}")


def _make(folder: Path) -> int:
    (folder / "spec.yaml").write_text(TINY)
    (folder / "small.yaml").write_text(weights_files.SPEC)
    for split, count in (("train", 4), ("test", 2)):
        for name in ("cat", "dog", "elk", "fox"):
            for number in range(count):
                image_files.textured(folder / "images" / split / name / f"{number}.png", number * 7 + count)
    state = weights_files.state_of()
    from safetensors.numpy import save_file

    save_file(state, folder / "weights.safetensors")
    weights_files.write_keras(folder / "weights.h5", weights_files.keras_state(state))
    every = ("--steps", str(STEPS), "--checkpoint-every", str(EVERY))
    data = ("--data", "prepared:prepared")
    return (
        main(["prepare", "images", "prepared", "--size", "8", "--channels", "1", "--workers", "1"])
        or main([*TRAIN, *every])
        or main(["train", "spec.yaml", "--run-dir", PREPARED, *every, *data])
    )


def copy(name: str, target: Path) -> Path:
    """A copy of a sound thing, a file or a folder."""
    source = _made[0] / name
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return target


def content(name: str) -> bytes:
    return (_made[0] / name).read_bytes()


def run(here: Path, *, prepared: bool = False) -> Path:
    """`spec.yaml` and a run of twelve steps; with `prepared`, the dataset that it was trained on as well."""
    copy("spec.yaml", here / "spec.yaml")
    if prepared:
        copy("prepared", here / "prepared")
    return copy(PREPARED if prepared else "run", here / "run")


def reseal(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change JSON that carries its own checksum, as somebody does who knows how it is made."""
    found = verified_json(path.read_bytes())
    change(found)
    path.write_bytes(checksummed_json(found))


def put_in_checkpoint(checkpoint: Path, name: str, data: bytes) -> None:
    """Give a file of a checkpoint other content, its manifest made to fit."""
    import hashlib

    (checkpoint / name).write_bytes(data)
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    reseal(checkpoint / "manifest.json", lambda found: found["files"].update({name: entry}))


if __name__ == "__main__":
    sys.exit(_make(Path.cwd()))
