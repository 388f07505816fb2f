"""Every command and every function reads and analyses each spec once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import specnet
from conftest import Outcome
from specnet.network.build import Builder
from specnet.plans import plan
from specnet.spec.spec import Spec

CLI = Callable[..., Outcome]
SMALL = """\
specnet: 1
name: small
groups: [GROUPS]
layers:
  image: {kind: input, shape: [1, 8, 8]}
  conv: {kind: conv, from: image, filters: 4, kernel: 3}
  out: {kind: dense, from: conv, cross_group: true, group: LAST, units: 4}
"""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often a graph was built, a schema applied to a full spec, and a plan made, from now on."""
    counts = {"analyses": 0, "readings": 0, "plans": 0}

    def count(owner: Any, name: str, what: str) -> None:
        real = getattr(owner, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            counts[what] += 1
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, counting)

    count(Builder, "build", "analyses")
    count(Spec, "model_validate", "readings")
    count(plan, "_made", "plans")
    return counts


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """Two specs that differ in their groups' names."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(SMALL.replace("GROUPS", "a, b").replace("LAST", "a"))
    other.write_text(SMALL.replace("GROUPS", "c, d").replace("LAST", "c").replace("units: 4", "units: 5"))
    return one, other


@pytest.mark.parametrize(
    ("arguments", "specs"),
    [
        (["validate", "ONE"], 1),
        (["validate", "ONE", "OTHER", "--device-memory", "1GiB"], 2),
        (["table", "ONE"], 1),
        (["graph", "ONE", "-o", "-", "--format", "html"], 1),
        (["graph", "--diff", "ONE", "OTHER", "-o", "-", "--format", "html"], 2),
        (["diff", "ONE", "OTHER"], 2),
        (["compile", "ONE", "--devices", "cpu"], 1),
    ],
)
def test_commands(
    arguments: list[str], specs: int, paths: tuple[Path, Path], cli: CLI, counted: dict[str, int]
) -> None:
    names = {"ONE": str(paths[0]), "OTHER": str(paths[1])}
    done = cli(*(names.get(argument, argument) for argument in arguments))
    assert done.code == 0, done.err
    plans = int(arguments[0] == "compile")
    assert counted == {"analyses": specs, "readings": specs, "plans": plans}


@pytest.mark.parametrize(
    ("call", "specs"),
    [
        (lambda one, _: specnet.validate(one), 1),
        (lambda one, _: specnet.examine(one).partial.layers, 1),
        (lambda one, _: specnet.table(one), 1),
        (specnet.diff, 2),
        (lambda one, _: specnet.draw(one).render("html"), 1),
        (lambda one, other: specnet.draw(one, other).render("html"), 2),
        (lambda one, _: specnet.compile(one, devices="cpu"), 1),
    ],
)
def test_functions(
    call: Callable[[Path, Path], Any], specs: int, paths: tuple[Path, Path], counted: dict[str, int]
) -> None:
    call(*paths)
    assert (counted["analyses"], counted["readings"]) == (specs, specs)


def test_a_broken_spec_is_read_once_too(paths: tuple[Path, Path], counted: dict[str, int]) -> None:
    text = paths[0].read_text().replace("units: 4", "unit: 4").replace("from: image", "from: imag")
    paths[0].write_text(text)
    assert [d.code for d in specnet.validate(paths[0])] == ["SN301", "SN201"]
    assert (counted["analyses"], counted["readings"]) == (1, 1)


def test_a_plan_is_made_once_and_kept_with_its_network(
    paths: tuple[Path, Path], counted: dict[str, int]
) -> None:
    network = specnet.examine(paths[0]).valid()
    assert plan.make(network) is plan.make(network)
    assert counted["plans"] == 1


def test_an_import_of_weights_is_one_pass(
    paths: tuple[Path, Path], tmp_path: Path, cli: CLI, counted: dict[str, int]
) -> None:
    shapes = {"conv.a": (2, 1, 3, 3), "conv.b": (2, 1, 3, 3), "out.a": (4, 144)}
    state = {f"{name}.weight": np.ones(shape) for name, shape in shapes.items()}
    state |= {f"{name}.bias": np.zeros(shape[0]) for name, shape in shapes.items()}
    save_file(state, tmp_path / "x.safetensors")
    done = cli("weights", "import", paths[0], tmp_path / "x.safetensors", "--run-dir", tmp_path / "r")
    assert done.code == 0, done.err
    assert counted == {"analyses": 1, "readings": 1, "plans": 1}
    specnet.import_weights(paths[0], tmp_path / "x.safetensors", tmp_path / "s")
    assert counted == {"analyses": 2, "readings": 2, "plans": 2}
