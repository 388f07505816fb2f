"""Hostile inputs, put to the whole command line: run directories, weights, data, specs, repositories, limits.

    python tests/attack.py
    python tests/attack.py --only NAME

Every input is made from the seed and its name in a folder of its own, and the command runs in a process of
its own. It has to give the answer that the input is due, without a traceback, a control character, a file of
others touched, code run, ten seconds of a processor passed, or 600 MB more than a sound input takes.
`--jobs` inputs run at a time, as many as there are processors unless told otherwise.
"""

from __future__ import annotations

import argparse
import compileall
import fnmatch
import importlib.util
import json
import os
import pickle
import random
import selectors
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from hostile import (
    archives,
    carrying,
    checkpoints,
    comparing,
    datasets,
    destinations,
    devkits,
    failing,
    folders,
    images,
    limits,
    merging,
    metrics,
    options,
    reports,
    repositories,
    revisions,
    run_directories,
    running,
    sound,
    specs,
    starting,
    states,
    tensors,
    weights,
)
from hostile.attack import Attack, Needs
from specnet.terminal.progress import Progress
from specnet.text import plural

NEEDS: tuple[Needs, ...] = ("core", "torch", "tensorflow")
AREAS = (
    run_directories,
    checkpoints,
    states,
    tensors,
    metrics,
    weights,
    starting,
    datasets,
    destinations,
    images,
    reports,
    folders,
    devkits,
    archives,
    specs,
    comparing,
    merging,
    carrying,
    options,
    repositories,
    revisions,
    limits,
    failing,
)
SOUND: dict[Needs, tuple[str, ...]] = {
    "core": ("weights", "export", "run", "-o", "out.safetensors"),
    "torch": sound.RESUME,
    "tensorflow": ("evaluate", "run", "--backend", "tensorflow"),
}


def every() -> Iterator[Attack]:
    """All inputs."""
    for area in AREAS:
        yield from area.attacks()


def _sound(here: Path, _: random.Random) -> None:
    sound.run(here)


def campaign(
    chosen: Sequence[Attack], needs: Needs, parent: Path, seed: int, *, jobs: int, keep: bool
) -> list[str]:
    """Put inputs of one sort to the command line, `jobs` of them at a time. Returns what failed."""
    _import(needs)
    easy = Attack(f"sound/{needs}", SOUND[needs], _sound, (0,), writes=("*",), needs=needs)
    usual, fault = _put(easy, parent, seed, 0, keep=keep)
    failed = [fault] if fault else []
    shares = [share for share in spread(chosen, jobs) if share]
    pipes = [_forked(share, parent, seed, usual, keep=keep) for share in shares]
    lines, progress, done = selectors.DefaultSelector(), Progress(), 0
    for _, pipe in pipes:
        lines.register(pipe, selectors.EVENT_READ)
    while lines.get_map():
        for ready, _ in lines.select():
            line = ready.fileobj.readline()  # type: ignore[union-attr]
            if not line:
                lines.unregister(ready.fileobj)
                continue
            done += 1
            if fault := json.loads(line):
                failed.append(fault)
                progress.note(f"FAILED {fault[:600]}\n  python tests/attack.py --only {_name(fault)!r}")
            progress.show(needs, done, len(chosen), plural(len(failed), "failure"))
    progress.clear()
    for child, pipe in pipes:
        pipe.close()
        if os.waitpid(child, 0)[1]:
            failed.append("a part of the campaign came to no end")
    if done != len(chosen):
        failed.append(f"{done} of {len(chosen)} inputs were tried")
    return failed


def spread(chosen: Sequence[Attack], jobs: int) -> list[list[Attack]]:
    """The inputs of each process. Which one an input goes to, its name alone decides."""
    shares: list[list[Attack]] = [[] for _ in range(jobs)]
    for attack in chosen:
        shares[zlib.crc32(attack.name.encode()) % jobs].append(attack)
    return shares


def _forked(
    share: Sequence[Attack], parent: Path, seed: int, usual: int, *, keep: bool
) -> tuple[int, BinaryIO]:
    """A process for a part of the inputs, and the pipe on which it says a line of JSON for each."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for attack in share:
                os.write(writer, json.dumps(_put(attack, parent, seed, usual, keep=keep)[1]).encode() + b"\n")
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(writer)
    return child, os.fdopen(reader, "rb", buffering=0)


def _put(attack: Attack, parent: Path, seed: int, usual: int, *, keep: bool) -> tuple[int, str]:
    """Put one input to the command line. Returns the memory that it took, and what failed, if anything."""
    folder = running.put_up(parent, attack, seed)
    outcome = running.run(attack, folder, usual or 2**40)
    if keep:
        print(f"{folder}\nexit code {outcome.code}, {outcome.seconds:.2f} s of a processor,", end=" ")
        print(f"{(outcome.memory - usual) / 2**20:.0f} MB more than a sound input\n{outcome.output!a}")
    else:
        running.take_down(folder)
    return outcome.memory, f"{attack.name}: {'; '.join(outcome.faults)}" if outcome.faults else ""


def _name(fault: str) -> str:
    """The input that a line about a failure begins with."""
    return fault.partition(": ")[0]


def _compile() -> None:
    """Write all bytecode now: Python keeps half of it where the disk is full, and nothing starts again."""
    for package in ("specnet", "specnet_torch", "specnet_tensorflow"):
        found = importlib.util.find_spec(package)
        assert found is not None, package
        for folder in found.submodule_search_locations or ():
            compileall.compile_dir(folder, quiet=2)


def _import(needs: Needs) -> None:
    """Everything that commands import, so that a forked process starts at once."""
    import specnet.convert.weights.exporting
    import specnet.convert.weights.importing
    import specnet.training.session
    from specnet.backend import protocol as backends
    from specnet.cli.main import COMMANDS
    from specnet.plots import curves, kernels

    assert specnet.training.session, (COMMANDS, curves, kernels)
    if needs != "core":
        backends.find(needs)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", metavar="NAME", help="inputs of that name, * for any text; shows what they do"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="N of them, spread over all areas")
    parser.add_argument("--needs", choices=NEEDS, action="append", help="may be repeated; default: all")
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        default=os.cpu_count() or 1,
        help="inputs at a time; default: %(default)s",
    )
    parser.add_argument("--list", action="store_true", help="print the names")
    asked = parser.parse_args()
    chosen = [a for a in every() if a.needs in (asked.needs or NEEDS)]
    assert len({a.name for a in chosen}) == len(chosen), "two inputs have one name"
    if asked.only:
        chosen = [a for a in chosen if a.name == asked.only or fnmatch.fnmatchcase(a.name, asked.only)]
    if asked.sample:
        chosen = chosen[:: max(1, len(chosen) // asked.sample)][: asked.sample]
    if asked.list:
        print(*(a.name for a in chosen), sep="\n")
        return 0
    _compile()
    began, failed = time.monotonic(), list[str]()
    keep = bool(asked.only) and len(chosen) == 1
    jobs = max(1, asked.jobs)
    parent = Path(tempfile.mkdtemp(prefix="attack-"))
    try:
        (parent / "sound").mkdir()
        sound.make(parent / "sound")
        for needs in NEEDS:
            own = [a for a in chosen if a.needs == needs]
            if own:
                failed += _apart(own, needs, parent, asked.seed, jobs=jobs, keep=keep)
    finally:
        if not keep:
            running.take_down(parent)
    print(f"{len(chosen):,} inputs in {time.monotonic() - began:.0f} s: {len(failed)} failures")
    return 1 if failed or not chosen else 0


def _apart(
    chosen: Sequence[Attack], needs: Needs, parent: Path, seed: int, *, jobs: int, keep: bool
) -> list[str]:
    """A campaign in a process of its own, which may import what the others do without."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.environ["OMP_NUM_THREADS"] = "1"
            found = campaign(chosen, needs, parent, seed, jobs=jobs, keep=keep)
        except BaseException as error:
            found = [f"the campaign ended: {type(error).__name__}: {error}"]
            print(found[0], flush=True)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(found))
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        failed: list[str] = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    return failed


if __name__ == "__main__":
    sys.exit(main())
