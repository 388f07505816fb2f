"""Hostile inputs, put to the whole command line: run directories, weights, data, specs, repositories, limits.

    python tests/attack.py
    python tests/attack.py --only NAME

Every input is made from the seed and its name in a folder of its own, and the command runs in a process of
its own. It has to give the answer that the input is due, without a traceback, a control character, a file of
others touched, code run, ten seconds passed, or 600 MB more than a sound input takes.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import pickle
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hostile import (
    checkpoints,
    datasets,
    limits,
    metrics,
    options,
    repositories,
    run_directories,
    running,
    sound,
    sources,
    specs,
    states,
    tensors,
    weights,
)
from hostile.attack import Attack, Needs

NEEDS: tuple[Needs, ...] = ("core", "torch", "tensorflow")
AREAS = (
    run_directories,
    checkpoints,
    states,
    tensors,
    metrics,
    weights,
    datasets,
    sources,
    specs,
    options,
    repositories,
    limits,
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


def campaign(chosen: Sequence[Attack], needs: Needs, parent: Path, seed: int, *, keep: bool) -> list[str]:
    """Put inputs of one sort to the command line, one after another. Returns what failed."""
    _import(needs)
    easy = Attack(f"sound/{needs}", SOUND[needs], _sound, (0,), writes=("*",), needs=needs)
    usual = 0
    failed: list[str] = []
    for attack in (easy, *chosen):
        folder = running.put_up(parent, attack, seed)
        outcome = running.run(attack, folder, usual or 2**40)
        usual = usual or outcome.memory
        if keep:
            print(f"{folder}\nexit code {outcome.code}, {outcome.seconds:.2f} s of a processor,", end=" ")
            print(f"{(outcome.memory - usual) / 2**20:.0f} MB more than a sound input\n{outcome.output!a}")
        else:
            running.take_down(folder)
        if outcome.faults:
            failed.append(f"{attack.name}: {'; '.join(outcome.faults)}")
            print(f"FAILED {failed[-1][:600]}\n  python tests/attack.py --only {attack.name!r}", flush=True)
    return failed


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
    began, failed = time.monotonic(), list[str]()
    keep = bool(asked.only) and len(chosen) == 1
    parent = Path(tempfile.mkdtemp(prefix="attack-"))
    try:
        (parent / "sound").mkdir()
        sound.make(parent / "sound")
        for needs in NEEDS:
            own = [a for a in chosen if a.needs == needs]
            if own:
                failed += _apart(own, needs, parent, asked.seed, keep=keep)
    finally:
        if not keep:
            running.take_down(parent)
    print(f"{len(chosen):,} inputs in {time.monotonic() - began:.0f} s: {len(failed)} failures")
    return 1 if failed or not chosen else 0


def _apart(chosen: Sequence[Attack], needs: Needs, parent: Path, seed: int, *, keep: bool) -> list[str]:
    """A campaign in a process of its own, which may import what the others do without."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.environ["OMP_NUM_THREADS"] = "1"
            found = campaign(chosen, needs, parent, seed, keep=keep)
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
