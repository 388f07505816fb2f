"""Imports point one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import networkx
import pytest

from specnet import plugins

ROOT = Path(__file__).parent.parent
FRAMEWORKS = {"torch", "tensorflow", "keras"}

HEAVY = FRAMEWORKS | {"numpy", "scipy", "sklearn", "PIL", "matplotlib", "shtab"}

TABLE_ROW = re.compile(r"\| `([a-z_]+)(?:/|\.py)` \|")
ORDER = TABLE_ROW.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
"""The rooms of the core from the ground up, as CONTRIBUTING.md lists them. Those that are on no floor, the
public functions and the command's way in, may import all of them."""
DOTTED = re.compile(r"`(specnet(?:\.\w+)+)(?:\([^`]*\))?`")
LONGEST = 300
"""Lines of a file: a longer one is two."""


def modules(folder: str) -> Iterator[tuple[str, Path]]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths, f"{folder} holds no module"
    for path in paths:
        parts = path.relative_to(ROOT / folder).with_suffix("").parts
        yield ".".join([Path(folder).name, *parts]).removesuffix(".__init__"), path


def imported(path: Path, module: str) -> Iterator[tuple[str, str]]:
    """Every import of a file, wherever in it, as a module and a name in it that may be a module, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            yield from ((node.module or "", alias.name) for alias in node.names)


def room(module: str) -> str:
    """The folder or file at the top of the core that a module lies in; nothing for the core itself."""
    return (*module.split("."), "")[1]


def graph(folder: str) -> dict[str, set[str]]:
    """The modules of a folder, with those of them that each imports: in `from a import b`, b if it is one."""
    everything = {module for module, _ in modules(folder)}
    found: dict[str, set[str]] = {}
    for module, path in modules(folder):
        names = {f"{a}.{b}" if f"{a}.{b}" in everything else a for a, b in imported(path, module)}
        found[module] = names & everything
    return found


def test_the_core_has_the_rooms_of_the_map_and_no_others() -> None:
    rooms = {room(module) for module, _ in modules("specnet")}
    assert rooms - {"", "__main__"} == set(ORDER)
    assert len(ORDER) == len(set(ORDER))


def test_imports_of_the_core_point_one_way() -> None:
    for module, targets in graph("specnet").items():
        for target in targets - {"specnet"}:
            here, there = room(module), room(target)
            if here in ORDER and here != there:
                assert ORDER.index(there) < ORDER.index(here), f"{module} imports {target}"


@pytest.mark.parametrize("folder", ["specnet", "backends/specnet_torch", "backends/specnet_tensorflow"])
def test_no_files_import_each_other(folder: str) -> None:
    edges = [(a, b) for a, targets in graph(folder).items() for b in targets if a != b]
    knots = list(networkx.simple_cycles(networkx.DiGraph(edges)))
    assert not knots


def test_files_are_short() -> None:
    for folder in ("specnet", "backends"):
        for _, path in modules(folder):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= LONGEST, f"{path.relative_to(ROOT)} has {lines} lines"


def test_the_core_imports_no_framework_and_no_backend() -> None:
    banned = FRAMEWORKS | {"specnet_torch", "specnet_tensorflow", "backends"}
    for module, path in modules("specnet"):
        for name, _ in imported(path, module):
            assert name.split(".")[0] not in banned, f"{module} imports {name}"


@pytest.mark.parametrize(
    ("folder", "own", "other"),
    [
        ("backends/specnet_torch", "specnet_torch", {"specnet_tensorflow", "tensorflow", "keras"}),
        ("backends/specnet_tensorflow", "specnet_tensorflow", {"specnet_torch", "torch"}),
    ],
)
def test_backends_import_the_core_and_never_each_other(folder: str, own: str, other: set[str]) -> None:
    for module, path in modules(folder):
        for name in (f"{a}.{b}" for a, b in imported(path, module)):
            assert name.split(".")[0] not in other, f"{module} imports {name}"
            assert not name.startswith(("specnet.training", "specnet.cli", "specnet.testing")), module


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["validate", "specs/alexnet.yaml"],
        ["table", "specs/alexnet.yaml"],
        ["diff", "specs/alexnet.yaml", "specs/alexnet_one_group.yaml"],
        ["runs", "specs"],
    ],
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom specnet.cli.main import main\n"
        f"try:\n    code = main({arguments!r})\nexcept SystemExit as stop:\n    code = stop.code\n"
        f"heavy = {HEAVY} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_command_imports_no_other_command() -> None:
    script = (
        "import sys\nfrom specnet.cli.main import main\nmain(['validate', 'specs/alexnet.yaml'])\n"
        "print(*(m for m in sys.modules if m.startswith(('specnet.cli.commands.', 'specnet.training'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "specnet.cli.commands.validate", done.stderr


def test_names_in_docstrings_and_pages_are_there() -> None:
    """A dotted name in backticks is a module, or in one, or a group of entry points. The changelog also
    tells of what is gone."""
    groups = set(get_args(plugins.Group))
    pages = [*(ROOT / "docs").glob("*.md"), *(p for p in ROOT.glob("*.md") if p.stem != "CHANGELOG")]
    named: dict[str, str] = {}
    for path in (*(path for _, path in modules("specnet")), *pages):
        for name in DOTTED.findall(path.read_text(encoding="utf-8")):
            named.setdefault(name, path.name)
    assert len(named) > 20
    for name, place in named.items():
        assert name in groups or is_there(name), f"{place} speaks of {name}"


def is_there(name: str) -> bool:
    thing: Any = importlib.import_module("specnet")
    for part in name.split(".")[1:]:
        if hasattr(thing, "__path__") and importlib.util.find_spec(f"{thing.__name__}.{part}"):
            thing = importlib.import_module(f"{thing.__name__}.{part}")
        elif not hasattr(thing, part):
            return False
        else:
            thing = getattr(thing, part)
    return True
