"""Activation functions by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specnet import plugins
from specnet.layers import functions
from specnet.layers.activation import Activation
from specnet.layers.base import LayerError
from specnet.layers.dense import Dense
from specnet.layers.functions import ActivationFunction

BUILT_IN = {"elu", "relu", "sigmoid", "softmax", "tanh"}


class Together(ActivationFunction):
    needs_all_units = True


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's function that needs all units."""
    names, load = plugins.names, plugins.load
    monkeypatch.setattr(
        plugins, "names", lambda g: [*names(g), "together"] if g == functions.GROUP else names(g)
    )
    monkeypatch.setattr(plugins, "load", lambda g, n: Together if n == "together" else load(g, n))


def test_the_built_in_ones_come_through_entry_points() -> None:
    assert set(plugins.names(functions.GROUP)) >= BUILT_IN
    alone = {name for name in BUILT_IN if functions.function_named(name).needs_all_units}
    assert alone == {"softmax"}


@pytest.mark.usefixtures("together")
def test_a_function_that_needs_all_units_cannot_be_split() -> None:
    dense: Any = Dense.model_validate({"from": "x", "units": 4, "activation": "together"})
    layer: Any = Activation.model_validate({"from": "x", "function": "together"})
    for one in (dense, layer):
        assert one.split(1) is one
        with pytest.raises(LayerError, match="together needs all units in one place"):
            one.split(2)


def test_an_unknown_name_is_an_error_with_the_known_ones(tmp_path: Path, cli: Callable[..., Any]) -> None:
    spec = tmp_path / "x.yaml"
    spec.write_text(
        "specnet: 1\nname: x\nlayers:\n  i: {kind: input, shape: [4]}\n"
        "  d: {kind: dense, from: i, units: 2, activation: relou}\n"
    )
    done = cli("validate", spec)
    assert done.code == 1
    assert "SN206" in done.err
    assert "'relou'" in done.err
    assert all(name in done.err for name in BUILT_IN)
    assert "did you mean 'relu'?" in done.err


def test_the_json_schema_lists_the_registered_names(cli: Callable[..., Any]) -> None:
    schema = json.loads(cli("schema").out)
    names = schema["definitions"]["Dense"]["properties"]["activation"]["enum"]
    assert names == plugins.names(functions.GROUP)
    assert set(names) >= BUILT_IN
