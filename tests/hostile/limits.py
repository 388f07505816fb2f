"""Full disks, signals, deadlines of the system, and folders that go away: what happens around a command."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hostile import sound
from hostile.attack import Attack, Needs
from hostile.preparing import MADE, PREPARE
from hostile.run_directories import OWN

Do = Callable[[], object]
IMPORT = ("weights", "import", "small.yaml", "weights.safetensors", "--run-dir", "new")
LONG = (*sound.RESUME[:-4], "--steps", "100000", "--checkpoint-every", "20")


def attacks() -> Iterator[Attack]:
    yield from _full()
    yield from _signals()
    yield from _moved()


def _run(here: Path, _: random.Random) -> None:
    sound.run(here)
    sound.copy("images", here / "images")
    sound.copy("small.yaml", here / "small.yaml")
    sound.copy("weights.safetensors", here / "weights.safetensors")
    long = (here / "small.yaml").read_text() + "# more\n" * 300
    (here / "long.yaml").write_text(long)
    (here / "fixable.yaml").write_text(long.replace("kernel:", "kernal:"))
    (here / "ours.yaml").write_text(long.replace("units: 6", "units: 8"))
    for name in (
        "out.html",
        "out.md",
        "out.txt",
        "out.svg",
        "out.png",
        "out.safetensors",
        "out.weights.h5",
        "out.json",
        "out.yaml",
    ):
        (here / name).write_text("somebody's work")


def _at_most(size: int) -> Callable[[], None]:
    """Files end at that many bytes, as on a full disk."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def _full() -> Iterator[Attack]:
    commands: dict[str, tuple[tuple[str, ...], tuple[str, ...], Needs]] = {
        "graph": (("graph", "small.yaml", "-o", "out.svg"), (), "core"),
        "curves": (("curves", "run", "-o", "out.png"), (), "core"),
        "export": (("weights", "export", "run", "-o", "out.safetensors"), (), "core"),
        "import": (
            ("weights", "import", "small.yaml", "weights.safetensors", "--run-dir", "new"),
            ("new",),
            "core",
        ),
        "prepare": (PREPARE, MADE, "core"),
        "train": (("train", "spec.yaml", "--run-dir", "new", "--steps", "4"), ("new*",), "torch"),
        "resume": (sound.RESUME, OWN, "torch"),
        "report": (("evaluate", "run", "--report", "out.json"), (), "torch"),
        "start": (
            ("train", "spec.yaml", "--weights", "run", "--run-dir", "new", "--steps", "4"),
            ("new*",),
            "torch",
        ),
        "fix": (("validate", "fixable.yaml", "--fix"), (), "core"),
        "expand": (("expand", "long.yaml", "-o", "out.yaml"), (), "core"),
        "merge": (("merge", "small.yaml", "ours.yaml", "long.yaml"), (), "core"),
        "merge elsewhere": (("merge", "small.yaml", "ours.yaml", "long.yaml", "-o", "out.yaml"), (), "core"),
        "diff page": (("diff", "small.yaml", "ours.yaml", "-o", "out.html"), (), "core"),
        "variants": (("diff", "small.yaml", "ours.yaml", "long.yaml", "-o", "out.md"), (), "core"),
        "lines": (("expand", "small.yaml", "--lines", "-o", "out.txt"), (), "core"),
        "carry": (("weights", "carry", "run", "spec.yaml", "-o", "out.safetensors"), (), "core"),
        "carry to a run": (
            ("weights", "carry", "run", "spec.yaml", "--run-dir", "new"),
            ("new", "new/*"),
            "core",
        ),
        "export to keras": (("weights", "export", "run", "-o", "out.weights.h5"), (), "tensorflow"),
    }
    for word, (command, writes, needs) in commands.items():
        for size in (0, 100) if word in ("lines", "variants") else (0, 100, 1000):
            yield Attack(
                f"full/{word}/{size} bytes",
                command,
                _run,
                (2,),
                writes=writes,
                needs=needs,
                before=_at_most(size),
                after=_no_leftovers,
            )
    for word, (command, writes, needs) in commands.items():
        if needs == "core":
            yield Attack(
                f"few files/{word}",
                command,
                _run,
                (0, 2),
                writes=(*writes, "out.*", "new*", "fixable.yaml", "ours.yaml"),
                needs=needs,
                before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12)),
            )


def _no_leftovers(here: Path, _: str) -> str | None:
    names = [path.name for path in here.iterdir()]
    left = [name for name in names if name.startswith(".") or name.endswith(".partial")]
    return f"left behind: {left}" if left else None


def _later(steps: Sequence[Do], ready: Callable[[], bool]) -> Callable[[], None]:
    """Do things one after another as soon as something is the case, from another thread."""

    def wait() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and not ready():
            time.sleep(0.01)
        for step in steps:
            step()

    return lambda: threading.Thread(target=wait, daemon=True).start()


def _send(number: int) -> Do:
    return lambda: os.kill(os.getpid(), number)


def _goes_on() -> bool:
    return any(path.name > "step-00000012" for path in Path("run/checkpoints").glob("step-*"))


def _saved(here: Path, _: str) -> str | None:
    """Whether the newest checkpoint is at the last step that the metrics have."""
    newest = max((here / "run" / "checkpoints").glob("step-*"))
    state = json.loads((newest / "state.json").read_text())
    lines = [json.loads(line) for line in (here / "run" / "metrics.jsonl").read_text().splitlines()]
    last = max(line["step"] for line in lines)
    return None if state["step"] == last else f"step {state['step']} is saved, and {last} was done"


def _signals() -> Iterator[Attack]:
    ours: dict[str, Any] = {"writes": OWN, "needs": "torch", "after": _saved}
    for name, code in (("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)):
        send = _later([_send(signal.Signals[name])], _goes_on)
        yield Attack(f"signal/{name}", LONG, _run, (code,), (name, "--resume"), before=send, **ours)
    ended = [lambda: time.sleep(1), _send(signal.SIGTERM)]
    user = _later([_send(signal.SIGUSR1), *ended], _goes_on)
    yield Attack("signal/SIGUSR1", LONG, _run, (143,), ("SIGTERM",), before=user, **ours)

    def ignoring() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _later([_send(signal.SIGINT), *ended], _goes_on)()

    yield Attack("signal/SIGINT ignored", LONG, _run, (143,), ("SIGTERM",), before=ignoring, **ours)
    many = _later([_send(signal.SIGINT)] * 5, _goes_on)
    yield Attack("signal/five at once", LONG, _run, (130,), ("SIGINT",), before=many, **ours)


def _moved() -> Iterator[Attack]:
    stop = (lambda: time.sleep(1), lambda: os.kill(os.getpid(), signal.SIGTERM))
    away = lambda: Path("run").rename("elsewhere")  # noqa: E731
    steps: dict[str, Sequence[Do]] = {
        "renamed": [away],
        "removed": [lambda: shutil.rmtree("run", ignore_errors=True)],
        "replaced": [away, lambda: Path("run").mkdir()],
        "replaced by a link": [away, lambda: Path("run").symlink_to("../people")],
    }
    untrue: dict[str, Any] = {"writes": ("run/*", "run", "elsewhere*"), "needs": "torch"}
    for word, do in steps.items():
        before = _later(do, _goes_on)
        yield Attack(f"moved/{word}", LONG, _run, (2,), ("run",), before=before, after=_nothing_new, **untrue)
    inner: dict[str, Sequence[Do]] = {
        "checkpoints a link": [
            lambda: Path("run/checkpoints").rename("elsewhere"),
            lambda: Path("run/checkpoints").symlink_to("../../people"),
        ],
        "lock removed": [lambda: Path("run/lock").unlink(), *stop],
        "metrics removed": [lambda: Path("run/metrics.jsonl").unlink(), *stop],
    }
    for word, do in inner.items():
        yield Attack(f"moved/{word}", LONG, _run, (2, 143), before=_later(do, _goes_on), **untrue)

    def second() -> None:
        """Another process holds the run, and its lock file is gone."""
        if os.fork() == 0:
            import fcntl

            held = os.open("run", os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
            Path("run/lock").unlink(missing_ok=True)
            Path("ready").touch()
            time.sleep(20)
            os._exit(0)
        while not Path("ready").exists():
            time.sleep(0.01)

    says = ("another trainer",)
    writes = ("ready", "run/lock")
    yield Attack("lock/removed", sound.RESUME, _run, (2,), says, writes=writes, needs="torch", before=second)


def _nothing_new(here: Path, _: str) -> str | None:
    """What was put in the place of the run has to stay without checkpoints."""
    made = (here / "run" / "checkpoints").exists()
    return "checkpoints are made in a folder that is not the run" if made else None
