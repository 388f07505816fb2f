"""What the inputs for `specnet prepare` share: the command, what it makes, and sound images."""

from __future__ import annotations

import random
from pathlib import Path

from hostile import sound

PREPARE = ("prepare", "images", "made", "--size", "8", "--channels", "1", "--workers", "2")
MADE = ("made", "made/*", "made/work/*")


def sound_images(here: Path, _: random.Random) -> None:
    """A folder that can be prepared."""
    sound.copy("images", here / "images")
