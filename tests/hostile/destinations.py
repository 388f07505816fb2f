"""Folders in which `specnet prepare` runs, and that it is asked to write to."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostile import forms, sound
from hostile.attack import Attack
from hostile.preparing import MADE, PREPARE, sound_images
from specnet.storage.checksum import checksummed_json


def attacks() -> Iterator[Attack]:
    yield from _current_folder()
    yield from _destinations()


def _current_folder() -> Iterator[Attack]:
    """A stranger's Python files where people work."""
    for name in (
        "json",
        "os",
        "numpy",
        "importlib",
        "specnet",
        "sitecustomize",
        "usercustomize",
        "PIL",
        "socket",
        "scipy",
    ):
        for package in (False, True):

            def make(here: Path, draw: random.Random, name: str = name, package: bool = package) -> None:
                sound_images(here, draw)
                # More than one shard, so that there are workers.
                for number in range(140):
                    sound.copy("images/train/cat/0.png", here / "images" / "train" / "cat" / f"x{number}.png")
                path = here / name / "__init__.py" if package else here / f"{name}.py"
                path.parent.mkdir(exist_ok=True)
                path.write_text(
                    f"open({str(here.parent / 'people' / 'RAN')!r}, 'w').close()\nraise SystemExit(3)\n"
                )

            python = ("-P", "-m", "specnet", *PREPARE)
            yield Attack(
                f"current folder/{name}{'/' if package else '.py'}", PREPARE, make, (0,), writes=MADE
            )
            yield Attack(
                f"current folder/{name}{'/' if package else '.py'} -P",
                (),
                make,
                (0,),
                writes=MADE,
                python=python,
            )


PEOPLES: dict[str, tuple[str, ...]] = {
    "a thesis in work": ("work/thesis/thesis.tex",),
    "firmware": ("firmware.bin", "disk.bin.gz"),
    "all three": ("work/thesis/thesis.tex", "firmware.bin", "disk.bin.gz"),
    "names like ours": ("train-00000.bin", "test-00000.bin"),
    "a lock and names like ours": ("work/lock", "train-00000.bin"),
    "records like ours": ("work/train-00000.safetensors", "work/lock"),
    "partial": ("train-00000.bin.partial", "work/lock"),
    "a manifest of others": ("manifest.json",),
    "a hidden file": (".hidden",),
    "a plan of others": ("work/plan.json", "thesis.bin"),
}


def _destinations() -> Iterator[Attack]:
    for word, files in PEOPLES.items():

        def make(here: Path, draw: random.Random, files: tuple[str, ...] = files) -> None:
            sound_images(here, draw)
            for name in files:
                path = here / "made" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("somebody's work")

        yield Attack(f"destination/{word}", PREPARE, make, (2,), ("made",), writes=("made/work/lock",))

    plans: dict[str, dict[str, Any]] = {
        "an honest plan": {"settings": {}, "shards": {"train": 1, "test": 1}},
        "many shards": {"settings": {}, "shards": {"train": 10**5, "test": 10**5}},
        "huge shards": {"settings": {}, "shards": {"train": 10**30, "test": 1}},
        "other splits": {"settings": {}, "shards": {"../../people/thesis": 1, "train": 1, "test": 1}},
        "null": {"settings": None, "shards": None},
    }
    for word, plan in plans.items():

        def planned(here: Path, draw: random.Random, plan: dict[str, Any] = plan) -> None:
            sound_images(here, draw)
            (here / "made" / "work").mkdir(parents=True)
            (here / "made" / "work" / "plan.json").write_bytes(checksummed_json(plan))
            (here / "made" / "thesis.bin").write_text("somebody's work")

        yield Attack(
            f"destination/plan/{word}", PREPARE, planned, (2,), ("made",), writes=("made/work/lock",)
        )
    ours = (
        *(
            ".",
            "work",
            "work/lock",
            "work/plan.json",
            "manifest.json",
            "train-00000.bin",
            "labels.safetensors",
        ),
        *(
            "work/train-00000.safetensors",
            "work/.plan.json.writing",
            "train-00000.bin.partial",
            ".manifest.json.writing",
        ),
        *("statistics.safetensors", "train-names.txt"),
    )
    for name in ours:
        for form in forms.ALL:

            def formed(here: Path, draw: random.Random, name: str = name, form: str = form) -> None:
                sound_images(here, draw)
                (here / "made").mkdir()
                if name.startswith("work/"):
                    (here / "made" / "work").mkdir()
                if name == ".":
                    (here / "made").rmdir()
                    forms.put(here / "made", form)
                else:
                    forms.put(here / "made" / name, form)

            empty = name in ("work/lock", "work/plan.json") and form not in (
                *forms.LINKS,
                *forms.ODD,
                "folder",
            )
            yield Attack(
                f"destination/{name}/is a {form}",
                PREPARE,
                formed,
                (0, 2) if empty else (2,),
                writes=MADE if empty else ("made/work/lock", "made/work"),
            )
