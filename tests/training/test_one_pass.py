"""A network is analysed once and planned once, whatever is done with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import specnet
from specnet.network.build import Builder
from specnet.plans import plan
from specnet.terminal.progress import Progress
from support.training_runs import TINY

Cli = Callable[..., Any]
QUIET = Progress(quiet=True)
OTHERWISE = TINY.replace("  conv: {", "  first: {").replace("from: conv}", "from: first}")
"""The same network, whose first layer has another name."""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often networks are analysed and planned, by whomever, from now on."""
    counts: Counter[str] = Counter()

    def count(what: str, owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def counting(*arguments: Any) -> Any:
            counts[what] += 1
            return function(*arguments)

        monkeypatch.setattr(owner, name, counting)

    count("analyse", Builder, "build")
    count("make", plan, "_made")
    return counts


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec, the same otherwise written, and a run of it."""
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(TINY)
    Path("otherwise.yaml").write_text(OTHERWISE)
    Image.new("L", (8, 8)).save("cat.png")
    specnet.train("net.yaml", run_dir="r", steps=2, progress=QUIET)
    return tmp_path


ONCE = {"analyse": 1, "make": 1}


TRAIN = "train net.yaml --steps 4 --run-dir"


@pytest.mark.parametrize(
    ("command", "specs"),
    [
        (f"{TRAIN} new", 1),
        (f"{TRAIN} new --data synthetic", 1),
        (f"{TRAIN} r --resume", 1),
        (f"{TRAIN} r --resume --allow-changes --set training.optimizer.learning_rate=0.01", 1),
        ("train --resume --steps 4 --run-dir r", 1),
        ("train otherwise.yaml --resume --steps 4 --run-dir r", 2),
        (f"{TRAIN} new --dry-run", 1),
        (f"{TRAIN} r --resume --dry-run", 1),
        ("evaluate r", 1),
        ("evaluate r --best", 1),
        ("predict r cat.png", 1),
    ],
)
def test_on_the_command_line(cli: Cli, here: Path, counted: Counter[str], command: str, specs: int) -> None:
    done = cli(*command.split())
    assert done.code == 0, done.err
    assert counted == {"analyse": specs, "make": specs}


def test_several_specs_each_once(cli: Cli, here: Path, counted: Counter[str]) -> None:
    other = OTHERWISE.replace("name: tiny", "name: other")
    (here / "other.yaml").write_text(other)
    assert cli("train", "net.yaml", "other.yaml", "--run-dir", "all", "--steps", "2").code == 0
    assert counted == {"analyse": 2, "make": 2}


def test_from_python(here: Path, counted: Counter[str]) -> None:
    specnet.train("net.yaml", run_dir="new", steps=2, progress=QUIET)
    assert counted == ONCE
    counted.clear()
    specnet.train("net.yaml", run_dir="r", steps=4, resume=True, progress=QUIET)
    assert counted == ONCE
    counted.clear()
    specnet.evaluate("r", progress=QUIET)
    assert counted == ONCE
    counted.clear()
    specnet.predict("r", ["cat.png"], progress=QUIET)
    assert counted == ONCE
