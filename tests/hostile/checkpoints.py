"""Checkpoints that are copies, gone, or elsewhere; manifests and specs with something changed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hostile import sound
from hostile.attack import Attack, Make
from hostile.edits import Edit, as_json, every, newest
from hostile.run_directories import OWN
from specnet.storage.checksum import checksummed_text, verified_text


def attacks() -> Iterator[Attack]:
    yield from _folders()
    yield from _specs()


def _folders() -> Iterator[Attack]:
    def ends_at(step: int) -> Callable[[Path, str], str | None]:
        def look(here: Path, _: str) -> str | None:
            path = here / f"run/checkpoints/step-{step:08d}/state.json"
            found = json.loads(path.read_bytes())["step"] if path.is_file() else None
            return None if found == step else f"step {step} is not saved: {found}"

        return look

    def copied(*names: str) -> Make:
        def make(here: Path, _: random.Random) -> None:
            last = newest(here)
            for name in names:
                shutil.copytree(last, last.with_name(name))

        return make

    for name in ("step-00000016", "step-00000014", "step-00000200", "step-999999999999999", "step-000000012"):
        yield Attack(
            f"copies/{name}/resume",
            sound.RESUME,
            copied(name),
            (0,),
            writes=OWN,
            needs="torch",
            after=ends_at(16),
        )
        yield Attack(f"copies/{name}/runs", ("runs", "run"), copied(name), (0,), ("12",))
        yield Attack(
            f"copies/{name}/evaluate", ("evaluate", "run"), copied(name), (0,), ("12",), needs="torch"
        )
    for name in (
        "step-²²²²²²²²",
        "step-٣٣٣٣٣٣٣٣",
        "step--0000012",
        "step-00000012\n",
        "step-" + "9" * 200,
        "step-\x1b[2J",
        "STEP-00000016",
    ):
        yield Attack(
            f"copies/{name!a}/resume",
            sound.RESUME,
            copied(name),
            (0,),
            writes=OWN,
            needs="torch",
            after=ends_at(16),
        )
        yield Attack(f"copies/{name!a}/runs", ("runs", "run"), copied(name), (0,))

    def without(*parts: str) -> Make:
        def make(here: Path, _: random.Random) -> None:
            run = sound.run(here)
            for part in parts:
                path = run / part
                shutil.rmtree(path) if path.is_dir() else path.unlink()

        return make

    yield Attack(
        "gone/checkpoints/resume",
        sound.RESUME,
        without("checkpoints"),
        (2,),
        ("checkpoint",),
        needs="torch",
        writes=("run/lock", "run"),
    )
    yield Attack(
        "gone/metrics/resume", sound.RESUME, without("metrics.jsonl"), (0, 2), writes=OWN, needs="torch"
    )
    yield Attack(
        "gone/spec/resume", sound.RESUME, without("spec.yaml"), (2,), ("holds no run",), needs="torch"
    )
    yield Attack(
        "gone/spec/anew",
        (*sound.TRAIN, "--steps", "4"),
        without("spec.yaml"),
        (2,),
        writes=("run/lock", "run"),
        needs="torch",
    )
    yield Attack(
        "gone/statistics/resume",
        sound.RESUME,
        without("statistics.safetensors"),
        (0, 2),
        writes=OWN,
        needs="torch",
    )
    yield Attack(
        "gone/both/anew",
        (*sound.TRAIN, "--steps", "4"),
        without("spec.yaml", "checkpoints"),
        (0, 2),
        writes=OWN,
        needs="torch",
    )

    def another_run(name: str) -> Make:
        """A second run lies beside; what the first one calls its own is a link into it."""

        def make(here: Path, _: random.Random) -> None:
            run = sound.run(here)
            sound.copy("run", here / "other")
            path = run / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            path.symlink_to(Path("..", "other", name))

        return make

    for name in ("checkpoints", "metrics.jsonl", "spec.yaml", "lock", "statistics.safetensors"):
        yield Attack(
            f"link to another run/{name}/resume",
            sound.RESUME,
            another_run(name),
            (2,),
            ("link",),
            needs="torch",
        )
        yield Attack(f"link to another run/{name}/runs", ("runs", "."), another_run(name), (0,))

    def manifest(change: Edit | bytes) -> Make:
        def make(here: Path, _: random.Random) -> None:
            path = newest(here) / "manifest.json"
            if isinstance(change, bytes):
                path.write_bytes(change)
            else:
                sound.reseal(path, change)

        return make

    def files(**changed: Any) -> Edit:
        return lambda found: found["files"].update(changed)

    huge = {"bytes": 10**300, "sha256": "0" * 64}
    changes: dict[str, Edit | bytes] = {
        "empty": b"",
        "nested": b"[" * 60_000,
        "not utf-8": b"\xff",
        "large": b" " * 70_000,
        "list": b"[]",
        "no files": lambda found: found.pop("files"),
        "files list": lambda found: found.update(files=[]),
        "files null": lambda found: found.update(files=None),
        "one more": files(extra=huge),
        "outside": files(**{"../../../../people/thesis.tex": huge}),
        "sizes": files(**{"state.json": huge}),
        "sizes of text": files(**{"state.json": {"bytes": "12", "sha256": []}}),
        "null": files(**{"state.json": None}),
        "sizes nan": files(**{"state.json": {"bytes": float("nan"), "sha256": None}}),
        "escape": files(**{"\x1b[2J": huge}),
        "version": lambda found: found.update(schema_version=10**30),
        "no version": lambda found: found.pop("schema_version"),
    }
    for word, change in changes.items():
        yield from every(f"manifest/{word}", manifest(change))

    def unknown_evaluation(here: Path, _: random.Random) -> None:
        run = sound.run(here)
        for path in (run / "checkpoints").iterdir():
            state = json.loads((path / "state.json").read_text())
            state["evaluation"] = {"loss": float("nan"), "top1_error": float("nan"), "top5_error": 0.0}
            sound.put_in_checkpoint(path, "state.json", as_json(state))

    yield from every("state/nan evaluations", unknown_evaluation)


def _specs() -> Iterator[Attack]:
    def changed(old: str, new: str) -> Make:
        def make(here: Path, _: random.Random) -> None:
            path = sound.run(here) / "spec.yaml"
            path.write_bytes(checksummed_text(verified_text(path.read_bytes()).replace(old, new)))

        return make

    for word, (old, new) in {
        "another width": ("filters: 4", "filters: 6"),
        "huge width": ("filters: 4", "filters: 1000000000"),
        "escape": ("name: tiny", 'name: "\\e[2J"'),
        "a path": ("name: tiny", "name: ../../people"),
        "not a spec": ("layers:", "x:"),
        "huge batch": ("batch_size: 8", "batch_size: 1000000000000"),
        "huge epochs": ("epochs: 4", "epochs: 1000000000000"),
        "huge images": ("train_images: 60", "train_images: 1000000000000"),
        "a history": ("name: tiny", "# changed at step \x7f\nname: tiny"),
        "data of others": ("kind: synthetic", "kind: image_folder"),
    }.items():
        yield from every(f"kept spec/{word}", changed(old, new))
