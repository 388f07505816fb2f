"""Which checkpoints of a run are intact, which is the newest and which the best: no weights are loaded.

Nothing points to the newest or to the best: the newest is the one with the most steps that verifies, the best
the one whose own `state.json` tells the lowest top-1 error, then the lowest loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from specnet.diagnostics.errors import RunError
from specnet.runs import checkpoint_names
from specnet.runs.checkpoint_names import FILES, MAX_MANIFEST, NAME, name_of, step_of
from specnet.runs.records import read_progress
from specnet.storage import reading
from specnet.storage.checksum import verified_json

STATE = "state.json"
PassedOver = Callable[[Path, str], None]
"""Who is told of a damaged checkpoint, and what is wrong with it."""


def exist(folder: Path) -> bool:
    """Whether there are checkpoints at all, intact or damaged."""
    return bool(in_order(folder))


def in_order(folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first. Raises `RunError` if the folder cannot be read."""
    try:
        return checkpoint_names.in_order(folder)
    except OSError as error:
        raise RunError(f"cannot read {folder}: {error.strerror}") from error


def newest(folder: Path, passed_over: PassedOver | None = None, *, by_size: bool = False) -> Path | None:
    """The newest checkpoint that verifies, or None. Damaged newer ones are told to `passed_over`."""
    for path in reversed(in_order(folder)):
        fault = problem(path, by_size=by_size)
        if fault is None:
            return path
        if passed_over is not None:
            passed_over(path, fault)
    return None


def best(folder: Path) -> Path | None:
    """The checkpoint that classified best of those that verify and were evaluated, or None."""
    return best_of(path for path in in_order(folder) if problem(path) is None)


def best_of(intact: Iterable[Path]) -> Path | None:
    """The best of checkpoints that are intact, or None if none of them was evaluated."""
    ranks: dict[Path, tuple[float, float, int]] = {}
    for path in intact:
        with suppress(ValueError):
            evaluation = read_progress(path / STATE).evaluation
            if evaluation is not None:
                ranks[path] = (*evaluation.rank(), step_of(path.name))
    return min(ranks, key=ranks.__getitem__, default=None)


def problem(path: Path, *, by_size: bool = False) -> str | None:
    """What is wrong with a checkpoint, or None if every file has the size and hash of the manifest, and its
    state is of the step that the folder is called after.

    `by_size` leaves the hashes of weights and velocities out: they take as long as reading all of them.
    """
    try:
        return damage(path, by_size=by_size)
    except OSError as error:
        return f"{error.strerror}: {error.filename}"


def damage(path: Path, *, by_size: bool = False) -> str | None:
    """The same, but raises `OSError` where the disk does not say what is in the files."""
    place = path / "manifest.json"
    try:
        manifest = verified_json(reading.read(place, MAX_MANIFEST))["files"]
        if sorted(manifest) != sorted(FILES):
            return "the manifest does not name its files"
        for name in FILES:
            place = path / name
            if reading.check_plain(place) != manifest[name]["bytes"]:
                return f"{name} has the wrong size"
            if by_size and name != STATE:
                continue
            if reading.digest(place, manifest[name]["bytes"])[1] != manifest[name]["sha256"]:
                return f"{name} has changed"
    except (FileNotFoundError, NotADirectoryError):
        return f"{place.name} is not there"
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(place)) from error
    except (ValueError, KeyError, TypeError) as error:
        return f"{place.name}: {error}"
    with suppress(ValueError):
        step = read_progress(path / STATE).step
        if NAME.fullmatch(path.name) and path.name != name_of(step):
            return f"it is a copy of {name_of(step)}"
    return None
