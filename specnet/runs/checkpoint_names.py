"""What the folders and files of checkpoints are called, and which there are."""

from __future__ import annotations

import re
from pathlib import Path

FILES = ("weights.safetensors", "optimizer.safetensors", "state.json")
MAX_MANIFEST = 64 * 2**10
"""Bytes. A larger file is none of ours."""
NAME = re.compile(r"step-[0-9]{8,15}")


def name_of(step: int) -> str:
    """The name of the folder of a checkpoint."""
    return f"step-{step:08d}"


def step_of(name: str) -> int:
    """The step that a folder is called after."""
    return int(name.removeprefix("step-"))


def in_order(folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first; none if the folder is not there. Links are none. Raises `OSError`."""
    try:
        found = [path for path in folder.iterdir() if NAME.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((p for p in found if p.is_dir() and not p.is_symlink()), key=lambda p: step_of(p.name))
