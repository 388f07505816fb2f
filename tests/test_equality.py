"""What says the same is equal, however it came about."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import specnet
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.spec.spec import load
from specnet.syntax import document

TEXT = """\
specnet: 1
name: small
layers:
  image: {kind: input, shape: [1, 8, 8]}
  fc: {kind: dense, from: image, units: 4}
"""


@pytest.mark.parametrize("name", ["alexnet", "lenet5", "resnet18"])
def test_two_loads_of_one_spec(specs: Path, name: str) -> None:
    path = specs / f"{name}.yaml"
    one, other = specnet.load(path), specnet.load(path)
    assert one == other
    assert len({one, other}) == 1
    assert analyse(one) == analyse(other)
    assert plan.make(analyse(one)) == plan.make(analyse(other))
    assert document.read(path) == document.read(path)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda spec: pickle.loads(pickle.dumps(spec))])
def test_a_copy(specs: Path, copied: Any) -> None:
    """And its findings are still placed in the file."""
    spec = specnet.load(specs / "alexnet.yaml")
    other = copied(spec)
    assert other == spec
    assert hash(other) == hash(spec)
    assert analyse(other) == analyse(spec)
    assert other.locate(("layers", "conv1")) == spec.locate(("layers", "conv1"))


def test_the_way_it_is_written_means_nothing(tmp_path: Path) -> None:
    """Comments, spaces, the order of layers, defaults written out, and whether there is a file at all."""
    spec = load(document.parse(TEXT, "a.yaml"))
    lines = TEXT.splitlines()
    turned = "\n".join(["# the same", *lines[:3], lines[4], lines[3]])
    (tmp_path / "b.yaml").write_text(turned.replace("units: 4", "units:   4, bias: 0"))
    assert specnet.load(tmp_path / "b.yaml") == spec
    assert specnet.load(spec.as_yaml()) == spec
    assert hash(specnet.load(spec.as_yaml())) == hash(spec)


@pytest.mark.parametrize(
    ("old", "new"), [("units: 4", "units: 5"), ("small", "tall"), ("[1, 8, 8]", "[1, 8, 9]"), ("fc:", "fd:")]
)
def test_what_says_something_else_is_another_one(old: str, new: str) -> None:
    assert load(document.parse(TEXT)) != load(document.parse(TEXT.replace(old, new)))
    assert document.parse(TEXT, "a") != document.parse(TEXT.replace(old, new), "a")


def test_an_override_makes_another_document() -> None:
    one, other = document.parse(TEXT), document.parse(TEXT)
    other.override("layers.fc.units=5")
    assert one != other
    assert load(one) != load(other)
    assert load(one) != TEXT
