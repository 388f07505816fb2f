"""Imports point one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FRAMEWORKS = {"torch", "tensorflow", "keras"}

# From the ground up: a module may import modules of lower floors, and of its own package.
FLOORS = [
    {"specnet.text"},
    {"specnet.terminal", "specnet.notebook"},
    {
        "specnet.errors",
        "specnet.fast_paths",
        "specnet.collector",
        "specnet.randomness",
    },
    {"specnet.storage"},
    {"specnet.habits", "specnet.source"},
    {"specnet.lookalikes"},
    {"specnet.yaml_syntax"},
    {"specnet.yaml_reader", "specnet.plugins", "specnet.schema", "specnet.catalogue"},
    {"specnet.document", "specnet.initializers", "specnet.data", "specnet.arguments"},
    {"specnet.layers", "specnet.recipe", "specnet.findings"},
    {"specnet.spec"},
    {
        "specnet.problems",
        "specnet.json_schema",
        "specnet.starter",
        "specnet.assumptions",
        "specnet.normal_form",
        "specnet.overrides",
    },
    {"specnet.order"},
    {"specnet.graph"},
    {"specnet.shapes"},
    {"specnet.advice", "specnet.recipe_checks", "specnet.unread"},
    {"specnet.network"},
    {"specnet.memory"},
    {"specnet.layer_table", "specnet.plan", "specnet.placement", "specnet.correspondence", "specnet.renames"},
    {"specnet.consequences", "specnet.initial", "specnet.backend"},
    {"specnet.spec_diff"},
    {"specnet.testing", "specnet.picture"},
    {"specnet.training"},
    {"specnet.weights"},
    {"specnet"},
    {"specnet.cli"},
    {"specnet.__main__"},
]


def modules(folder: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT / folder).with_suffix("").parts
        yield ".".join([Path(folder).name, *parts]).removesuffix(".__init__"), path


def imported(path: Path, module: str) -> Iterator[str]:
    """Every module that a file imports, wherever in the file; `from a import b` counts as a and a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package(module: str) -> str:
    """The unit that has a floor: a module of the core, or a package in it."""
    return ".".join(module.split(".")[:2])


def floor(module: str) -> int:
    (found,) = [i for i, names in enumerate(FLOORS) if package(module) in names]
    return found


def test_every_module_of_the_core_has_a_floor() -> None:
    known = set().union(*FLOORS)
    assert {package(module) for module, _ in modules("specnet")} <= known


def test_imports_of_the_core_point_down() -> None:
    everything = {module for module, _ in modules("specnet")}
    for module, path in modules("specnet"):
        for name in imported(path, module):
            target = name if name in everything else name.rpartition(".")[0]
            if target in everything and target != "specnet" and package(target) != package(module):
                assert floor(target) < floor(module), f"{module} imports {target}"


def test_the_core_imports_no_framework_and_no_backend() -> None:
    banned = FRAMEWORKS | {"specnet_torch", "specnet_tensorflow", "backends"}
    for module, path in modules("specnet"):
        for name in imported(path, module):
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
        for name in imported(path, module):
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
        "import sys\nfrom specnet.cli import main\n"
        f"try:\n    code = main({arguments!r})\nexcept SystemExit as stop:\n    code = stop.code\n"
        "heavy = {'torch', 'tensorflow', 'keras', 'numpy', 'scipy', 'sklearn', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
