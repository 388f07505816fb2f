"""Blocks of random networks: the flat form and the way through YAML say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from specnet.diffs.normal_form import canonical
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.runs.stored_spec import as_text
from specnet.spec.flat_text import flat_text
from specnet.spec.spec import load
from specnet.syntax import document
from specnet.testing.random_specs import network_of, random_spec

SEEDS = range(100)
Specs = list[dict[str, Any]]
GIVEN = ("group", "cross_group")


@pytest.fixture(scope="module")
def specs() -> Specs:
    return [random_spec(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def with_blocks(specs: Specs) -> Specs:
    return [spec for spec in specs if "blocks" in spec]


def uses(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: layer for name, layer in spec["layers"].items() if layer["kind"] == "block"}


def unrolled(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec without its blocks, put in by the words of docs/language.md: no block uses another one here."""
    layers: dict[str, Any] = {}
    for name, layer in spec["layers"].items():
        if layer["kind"] != "block":
            layers[name] = {**layer, "from": outer(spec, layer["from"])} if "from" in layer else layer
            continue
        block = spec["blocks"][layer["of"]]
        values: dict[str, Any] = {}
        for parameter in block.get("parameters", []):
            if isinstance(parameter, dict):
                values |= parameter
        values |= layer
        read = outer(spec, layer["from"])
        for inner, held in block["layers"].items():
            made = {key: value_of(value, values) for key, value in held.items() if key != "from"}
            made["from"], reads_outside = [], False
            for source in listed(held["from"]):
                named = value_of(source, values)
                if source in block["layers"]:
                    made["from"] += [f"{name}.{source}"]
                else:
                    reads_outside = True
                    made["from"] += read if named == "input" else outer(spec, named)
            for key in GIVEN[: 2 if reads_outside else 1]:
                if key in layer:
                    made.setdefault(key, layer[key])
            if "trainable" in layer and is_able(made["kind"]):
                made.setdefault("trainable", layer["trainable"])
            layers[f"{name}.{inner}"] = made
    return {**{key: value for key, value in spec.items() if key != "blocks"}, "layers": layers}


def listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def outer(spec: Mapping[str, Any], names: str | list[str]) -> list[str]:
    """The layers that names outside of blocks stand for."""
    return [f"{name}.{output(spec, name)}" if name in uses(spec) else name for name in listed(names)]


def output(spec: Mapping[str, Any], use: str) -> str:
    block = spec["blocks"][spec["layers"][use]["of"]]
    read = {source for layer in block["layers"].values() for source in listed(layer["from"])}
    found = block["output"] if "output" in block else next(n for n in block["layers"] if n not in read)
    assert isinstance(found, str)
    return found


def value_of(value: Any, values: Mapping[str, Any]) -> Any:
    return values[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def is_able(kind: str) -> bool:
    return kind in ("conv", "dense", "random_connections", "batch_norm", "layer_norm", "scale")


def test_random_specs_use_all_of_the_language_of_blocks(with_blocks: Specs) -> None:
    counts = {len(uses(spec)) for spec in with_blocks}
    assert counts == {1, 2}
    blocks = [block for spec in with_blocks for block in spec["blocks"].values()]
    parameters = [parameter for block in blocks for parameter in block.get("parameters", [])]
    assert {type(parameter) for parameter in parameters} == {str, dict}
    assert {"output" in block for block in blocks} == {True, False}
    assert {"parameters" in block for block in blocks} == {True, False}
    assert any("input" in parameter.values() for parameter in parameters if isinstance(parameter, dict))
    inner = [layer for block in blocks for layer in block["layers"].values()]
    assert any(source.startswith("$") for layer in inner for source in listed(layer["from"]))
    said = {key for spec in with_blocks for use in uses(spec).values() for key in use}
    assert said > {"kind", "of", "from", "group", "cross_group", "trainable"}
    read = {
        source
        for spec in with_blocks
        for layer in spec["layers"].values()
        for source in listed(layer.get("from", []))
    }
    assert any("." in source for source in read)
    assert any(source in ("part1", "part2") for source in read)
    different = [
        spec
        for spec in with_blocks
        if len({str({key: use[key] for key in use if key != "from"}) for use in uses(spec).values()}) == 2
    ]
    assert different


def test_blocks_stand_for_what_the_language_says(with_blocks: Specs) -> None:
    for spec in with_blocks:
        expected, found = load(unrolled(spec)), load(spec)
        assert found == expected, spec["name"]
        assert list(found.layers) == list(expected.layers), spec["name"]
        assert plan.make(network_of(spec)) == plan.make(network_of(unrolled(spec))), spec["name"]


def test_the_flat_form_is_the_same_network(with_blocks: Specs) -> None:
    for spec in with_blocks:
        opened = document.parse(yaml.safe_dump(spec, sort_keys=False), "blocks.yaml")
        flat = document.parse(flat_text(opened), "flat.yaml")
        assert "blocks" not in flat.data()
        assert list(load(flat).layers) == list(load(spec).layers)
        assert plan.make(network_of(flat.data())) == plan.make(network_of(spec)), spec["name"]


def test_the_way_through_yaml_changes_nothing(specs: Specs, with_blocks: Specs) -> None:
    """As it is written here, and as runs keep it."""
    for spec in specs[:15] + with_blocks:
        expected = load(spec)
        assert load(document.parse(yaml.safe_dump(spec, sort_keys=False), "x.yaml")) == expected, spec["name"]
        kept = load(document.parse(as_text(expected), "spec.yaml"))
        assert canonical(kept) == canonical(expected), spec["name"]
        assert plan.make(analyse(kept)).parameters == plan.make(analyse(expected)).parameters, spec["name"]
