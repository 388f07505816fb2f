"""Running a hostile input: a forked process with the command line in it, and a look at what it has done."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hostile.attack import Attack
from specnet.cli.main import main

SECONDS = 10
"""Of a processor."""
PATIENCE = 45
"""Seconds on the clock: several people may use the machine."""
MEMORY = 600 * 2**20
"""Bytes beyond what the same command takes for a sound input."""
SMALL = 2**24
"""Bytes on the disk up to which a file's content is compared."""
ALLOWED = "\n\t"


@dataclass
class Outcome:
    """What an input did."""

    code: int
    output: str
    seconds: float
    memory: int
    faults: list[str] = field(default_factory=list)


def put_up(parent: Path, attack: Attack, seed: int) -> Path:
    """A folder with the input, and with things of other people's."""
    folder = parent / hashlib.sha256(attack.name.encode()).hexdigest()[:12]
    for name in ("here", "home", "people"):
        (folder / name).mkdir(parents=True)
    (folder / "home" / ".bashrc").write_text("echo a shell starts\n")
    (folder / "people" / "thesis.tex").write_text("\\documentclass{article}\n" * 50)
    (folder / "people" / "photos").mkdir()
    (folder / "people" / "photos" / "one.jpg").write_bytes(b"\xff\xd8" + bytes(1000))
    attack.make(folder / "here", random.Random(f"{seed} {attack.name}"))
    return folder


def take_down(folder: Path) -> None:
    """Remove it, folders that are too deep for a path included."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        subprocess.run(["rm", "-rf", "--", folder], check=True)


def run(attack: Attack, folder: Path, usual: int) -> Outcome:
    """Run the command and compare the answer; `usual` is the memory in bytes that a sound input takes."""
    before = dict(_seen(folder))
    outcome = _started(attack, folder, usual)
    faults = outcome.faults
    if outcome.code not in attack.codes:
        faults.append(f"exit code {outcome.code}, not {' or '.join(map(str, attack.codes))}")
    faults += [f"{text!r} is not said" for text in attack.says if text not in outcome.output]
    faults += [f"says {word!r}" for word in ("internal error", "Traceback") if word in outcome.output]
    odd = {c for c in outcome.output if not c.isprintable() and c not in ALLOWED}
    if odd:
        faults.append(f"raw control characters: {', '.join(sorted(map(ascii, odd)))}")
    if outcome.seconds > SECONDS:
        faults.append(f"takes {outcome.seconds:.1f} s of a processor")
    if outcome.memory > usual + MEMORY:
        faults.append(f"takes {(outcome.memory - usual) // 2**20:,} MB more than a sound input")
    faults += _differences(before, dict(_seen(folder)), attack)
    if attack.after is not None and (wrong := attack.after(folder / "here", outcome.output)) is not None:
        faults.append(wrong)
    return outcome


def _started(attack: Attack, folder: Path, usual: int) -> Outcome:
    """Fork, run the command, wait for it and for what it has started."""
    printed = folder.parent / f"{folder.name}.out"
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = _child(attack, folder, printed)
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    faults: list[str] = []
    while True:
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            break
        if time.monotonic() - began > PATIENCE:
            faults.append(f"hangs: ended after {PATIENCE} s")
        elif _resident(child) > usual + 4 * MEMORY:
            faults.append(f"ended at {_resident(child) // 2**20:,} MB")
        if faults:
            _end(child)
            _, status, used = os.wait4(child, 0)
            break
        time.sleep(0.01)
    _end(child)
    text = printed.read_bytes().decode("utf-8", "surrogateescape") if printed.exists() else ""
    printed.unlink(missing_ok=True)
    seconds = used.ru_utime + used.ru_stime
    return Outcome(os.waitstatus_to_exitcode(status), text, seconds, used.ru_maxrss * 1024, faults)


def _child(attack: Attack, folder: Path, printed: Path) -> int:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1):  # nohup and `&` have some of them ignored
        signal.signal(number, signal.SIG_DFL)
    os.chdir(folder / "here")
    kept = {
        name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH") if name in os.environ
    }
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(HOME=str(folder / "home"), LC_ALL="C.UTF-8", OMP_NUM_THREADS="1", TERM="dumb")
    os.environ.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", **attack.surroundings)
    out = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(_stdin(attack), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (3 * SECONDS, 4 * SECONDS))
    if attack.python:
        if attack.before is not None:
            attack.before()
        os.execv(sys.executable, [sys.executable, *attack.python])
    encoding, _, errors = attack.surroundings.get("PYTHONIOENCODING", "utf-8:strict").partition(":")
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding, errors or "strict")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding, "backslashreplace")
    if attack.before is not None:
        attack.before()
    try:
        return main(list(attack.command))
    except SystemExit as stop:  # argparse's way out
        return int(stop.code or 0)


def _stdin(attack: Attack) -> int:
    if attack.stdin is None:
        return os.open(os.devnull, os.O_RDONLY)
    if isinstance(attack.stdin, str):
        return os.open(attack.stdin, os.O_RDONLY)
    descriptor = os.memfd_create("stdin")
    os.write(descriptor, attack.stdin)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _end(group: int) -> None:
    """End a process and what it has started."""
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _seen(folder: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Everything below a folder, links themselves, with what would show a change."""
    waiting = [folder]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            path, found = Path(entry.path), entry.stat(follow_symlinks=False)
            place = os.path.relpath(path, folder)
            if len(place) > 3000:  # deeper than a path can be
                continue
            content: object = None
            if stat.S_ISDIR(found.st_mode):
                waiting.append(path)
            elif stat.S_ISLNK(found.st_mode):
                content = path.readlink()
            elif stat.S_ISREG(found.st_mode) and found.st_size <= SMALL:
                content = hashlib.sha256(path.read_bytes()).digest()
            size = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
            yield place, (found.st_mode, size, content)


def _differences(
    before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]], attack: Attack
) -> Iterator[str]:
    for place in sorted({*before, *after}):
        if before.get(place) == after.get(place):
            continue
        if any(fnmatch.fnmatchcase(place, f"here/{pattern}") for pattern in attack.writes):
            continue
        what = "made" if place not in before else "deleted" if place not in after else "changed"
        yield f"{what}: {place!a}"
