"""Where `specnet prepare` writes: a folder that holds its own files and nothing else.

While the work goes on, the folder `work` in it holds a lock, a record of each finished shard, and
`plan.json`, which says how many shards there are or were. Only what follows from that is ever written over
or removed: a folder that holds anything else, a thesis say, is refused before anything is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from specnet.data.base import Split
from specnet.data.prepare import manifest as manifests
from specnet.data.prepare.manifest import LABELS, STATISTICS, names_file, record_name, shard_name
from specnet.diagnostics.errors import UsageError
from specnet.storage import lock, reading
from specnet.storage.checksum import checksummed_json, verified_json
from specnet.storage.folder import BESIDE, Folder
from specnet.storage.lock import Held, Lock

WORK = "work"
PLAN = "plan.json"
MAX_PLAN = 2**26
MOST_SHARDS = 10**5
OTHER_FOLDER = "name a folder that is empty or not there yet"


class Destination:
    """A folder that is held against other processes."""

    def __init__(self, folder: Folder, work: Folder) -> None:
        self.folder, self.work = folder, work
        self._shards: dict[str, int] = {}

    def plan(self, settings: Mapping[str, Any], shards: Mapping[Split, int]) -> None:
        """Write down what is made here, before anything else is.

        Raises `UsageError` if the unfinished work is of other settings, or the folder holds other things.
        """
        before = _plan(self.work)
        if before is not None and before["settings"] != settings:
            hint = "name another folder, or remove this one"
            raise UsageError(f"{self.folder.path} holds unfinished work with other classes or options", hint)
        known = before["shards"] if before is not None else {}
        self._shards = {split: max(count, known.get(split, 0)) for split, count in shards.items()}
        self._refuse_others(self._shards if before is not None else {})
        self.work.replace(PLAN, checksummed_json({"settings": dict(settings), "shards": self._shards}))

    def _refuse_others(self, shards: Mapping[str, int]) -> None:
        """Raise `UsageError` for what an attempt with so many shards cannot have left here."""
        _check(self.folder, {WORK, *_files(shards)})
        _check(self.work, {lock.NAME, PLAN, *_records(shards)})

    def remove_shards_but(self, kept: Sequence[str]) -> None:
        """Remove shards of an earlier attempt whose source had more images."""
        for name in _shard_files(self._shards):
            if name not in kept and self.folder.mode(name) is not None:
                self.folder.remove(name)

    def finish(self) -> None:
        """Remove what is only needed while the work goes on."""
        _remove_work(self.folder, self.work, self._shards)


@contextmanager
def held(path: Path) -> Iterator[Destination]:
    """The destination, made if it is not there. Raises `UsageError` if it cannot be used."""
    try:
        folder, _ = Folder.made(path)
    except OSError as error:
        raise _unusable(path, error) from error
    with folder:
        if WORK not in folder.names() and (others := _others(folder, set())):
            raise UsageError(f"{path} holds other files, '{others[0]}' for one", OTHER_FOLDER)
        try:
            work = folder.make_folder(WORK)
        except OSError as error:
            raise _unusable(path, error) from error
        with work:
            if _plan(work) is None:
                # Nothing says that this is ours: at the most a kill has come before the plan was written.
                _check(folder, {WORK})
                _check(work, {lock.NAME, PLAN})
            try:
                taken = Lock(work)
            except OSError as error:
                raise _unusable(path, error) from error
            except Held:
                raise UsageError(f"another process is preparing {path}", "wait for it") from None
            try:
                yield Destination(folder, work)
            finally:
                taken.release()


def tidy_finished(path: Path) -> None:
    """Remove what a kill has left of the work beside a finished manifest."""
    with suppress(OSError), Folder.opened(path) as folder, folder.folder(WORK) as work:
        plan = _plan(work)
        if plan is not None:
            _remove_work(folder, work, plan["shards"])


def _remove_work(folder: Folder, work: Folder, shards: Mapping[str, int]) -> None:
    known = {lock.NAME, PLAN, *_records(shards)}
    for name in work.names():
        if _is_known(name, known):
            work.remove(name)
    with suppress(OSError):  # somebody has put something of theirs there meanwhile: it stays
        folder.remove_folder(WORK)


def _plan(work: Folder) -> dict[str, Any] | None:
    """The plan of unfinished work; None if there is no plan, or not one that specnet wrote."""
    try:
        work.check(PLAN)
        plan = verified_json(reading.read(work.path / PLAN, MAX_PLAN))
        shards = plan["shards"]
        counts = [shards[split] for split in manifests.SPLITS]
        sound = all(type(count) is int and 0 <= count <= MOST_SHARDS for count in counts)
        return plan if sound and "settings" in plan else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, json.JSONDecodeError):
        return None


def _check(folder: Folder, known: set[str]) -> None:
    others = _others(folder, known)
    if others:
        raise UsageError(f"{folder.path} holds '{others[0]}', which specnet did not write", OTHER_FOLDER)
    try:
        folder.check(*folder.names())
    except OSError as error:
        raise _unusable(folder.path, error) from error


def _others(folder: Folder, known: set[str]) -> list[str]:
    return [name for name in folder.names() if not _is_known(name, known)]


def _is_known(name: str, known: set[str]) -> bool:
    beside = BESIDE.fullmatch(name)
    return name in known or (beside is not None and beside["name"] in known)


def _files(shards: Mapping[str, int]) -> Iterator[str]:
    """What an attempt with so many shards may have left in the folder."""
    if shards:
        yield from (LABELS, STATISTICS, manifests.NAME)
        yield from (names_file(split) for split in manifests.SPLITS)
    yield from _shard_files(shards)


def _shard_files(shards: Mapping[str, int]) -> Iterator[str]:
    for split in manifests.SPLITS:
        yield from (shard_name(split, index) for index in range(shards.get(split, 0)))


def _records(shards: Mapping[str, int]) -> Iterator[str]:
    for split in manifests.SPLITS:
        yield from (record_name(split, index) for index in range(shards.get(split, 0)))


def _unusable(path: Path, error: OSError) -> UsageError:
    place = "" if error.filename in (None, str(path)) else f"{error.filename}: "
    return UsageError(f"cannot use {path}: {place}{error.strerror}", "name another folder")
