"""Activation functions by name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import specnet
from specnet import plugins
from specnet.layers import functions
from specnet.layers.activation import Activation
from specnet.layers.base import Layer, LayerError
from specnet.layers.dense import Dense
from specnet.layers.functions import ActivationFunction
from specnet.testing.oracles import oracle_of

BUILT_IN = {
    *("elu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish", "leaky_relu", "relu", "relu6", "scaled_tanh"),
    *("sigmoid", "silu", "softmax", "softplus", "tanh"),
}


TEXTBOOK = {"sigmoid", "tanh"}
"""Those whose oracles are not for values beyond 700."""


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


def hint_about(function: str) -> str:
    layers = {
        "image": {"kind": "input", "shape": [4]},
        "fc": {"kind": "dense", "from": "image", "units": 2, "activation": function},
    }
    (finding,) = specnet.validate({"specnet": 1, "name": "small", "layers": layers})
    return str(finding.hint)


def test_names_of_other_programs_are_known() -> None:
    assert hint_about("swish") == "did you mean 'silu'?"
    assert hint_about("Linear") == "leave the activation out"
    assert hint_about("hard-swish") == "did you mean 'hard_swish'?"


def test_the_built_in_ones_come_through_entry_points() -> None:
    assert set(plugins.names(functions.GROUP)) >= BUILT_IN
    alone = {name for name in BUILT_IN if functions.function_class(name).needs_all_units}
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


@pytest.mark.parametrize("key", ["slope", "negative_slope"])
def test_a_number_beside_a_name_belongs_to_it(key: str) -> None:
    for fields in ({"units": 2, "activation": "leaky_relu"}, {"function": "leaky_relu"}):
        cls: type[Layer] = Dense if "units" in fields else Activation
        with pytest.raises(ValidationError) as refusal:
            cls.model_validate({"from": "x", **fields, key: 0.2})
        (error,) = refusal.value.errors()
        place = "activation" if "units" in fields else "function"
        assert error["ctx"]["hint"].endswith(f": {place}: {{kind: leaky_relu, slope: ...}}")


def test_the_json_schema_lists_the_registered_names(cli: Callable[..., Any]) -> None:
    schema = json.loads(cli("schema").out)
    name, mapping = schema["definitions"]["Dense"]["properties"]["activation"]["anyOf"]
    for names in (name["enum"], mapping["properties"]["kind"]["enum"]):
        assert names == plugins.names(functions.GROUP)
        assert set(names) >= BUILT_IN
    slope = schema["definitions"]["LeakyReLU"]["properties"]["slope"]
    assert (slope["default"], slope["type"]) == (0.01, "number")


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ("leaky_relu", "leaky_relu"),
        ({"kind": "leaky_relu"}, "leaky_relu"),
        ({"kind": "leaky_relu", "slope": 0.01}, "leaky_relu"),
        ({"kind": "leaky_relu", "slope": 0.2}, {"kind": "leaky_relu", "slope": 0.2}),
        ({"kind": "relu"}, "relu"),
        ({"kind": "scaled_tanh", "slope": 1.0}, {"kind": "scaled_tanh", "amplitude": 1.7159, "slope": 1.0}),
    ],
)
@pytest.mark.parametrize("of_its_own", [True, False])
def test_usual_numbers_are_said_by_the_name(said: Any, short: Any, of_its_own: bool) -> None:
    """And a file with either form is the same spec."""
    layer: Layer
    if of_its_own:
        layer = Dense.model_validate({"from": "x", "units": 4, "activation": said})
    else:
        layer = Activation.model_validate({"from": "x", "function": said})
    written = layer.as_yaml()["activation" if of_its_own else "function"]
    assert written == short
    assert type(layer).model_validate(layer.as_yaml()) == layer


EXTREMES = (-1e300, -1e200, -1e30, -1e12, -800.0, -21.0, -20.0, -6.0, -3.0, 0.0)
"""Where powers and squares are beyond float64, and where functions have kinks; each with its opposite."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BUILT_IN - {"softmax"}))
def test_large_values_are_safe_in_both_backends(name: str) -> None:
    """Values and gradients, to 1e-14 of the larger of itself and 1. Measured: at most 1.6e-15."""
    tf, torch = pytest.importorskip("tensorflow"), pytest.importorskip("torch")
    import specnet_tensorflow
    import specnet_torch

    function = functions.function_class(name).model_validate({"kind": name})
    x = np.array([[*EXTREMES, *(-value for value in EXTREMES)]])
    with np.errstate(over="ignore", invalid="ignore"):  # sigmoid and tanh are written down as in a textbook
        values, pull = oracle_of(function, "it")(np.clip(x, -700, 700) if name in TEXTBOOK else x)
        slopes = pull(np.ones_like(x))
    here = torch.tensor(x, requires_grad=True)
    in_torch = specnet_torch.activation.with_options(name, function.options, "it")(here)
    in_torch.sum().backward()  # type: ignore[no-untyped-call]
    there = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(there)
        in_tensorflow = specnet_tensorflow.activation.with_options(name, function.options, "it")(there)
    pairs = (
        (in_torch.detach(), values),
        (in_tensorflow, values),
        (here.grad, slopes),
        (tape.gradient(in_tensorflow, there), slopes),
    )
    for got, expected in pairs:
        assert np.all(np.abs(np.asarray(got) - expected) <= 1e-14 * np.maximum(np.abs(expected), 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gelu", -9 * math.erfc(9 / math.sqrt(2)) / 2),
        ("gelu_tanh", -9 / (1 + math.exp(2 * math.sqrt(2 / math.pi) * (9 + 0.044715 * 9**3)))),
    ],
)
def test_far_below_0_a_gelu_has_digits_left(name: str, expected: float) -> None:
    """1 + erf and 1 + tanh have none there: erf is -1 to the last digit. Measured: at most 1.2e-14."""
    tf, torch = pytest.importorskip("tensorflow"), pytest.importorskip("torch")
    import specnet_tensorflow
    import specnet_torch

    assert -1e-17 < expected < 0
    in_torch = specnet_torch.activation.with_options(name, {}, "it")(torch.tensor([[-9.0]]).double())
    in_tensorflow = specnet_tensorflow.activation.with_options(name, {}, "it")(
        tf.constant([[-9.0]], dtype=tf.float64)
    )
    assert [float(in_torch[0, 0]), float(in_tensorflow[0, 0])] == pytest.approx(
        [expected] * 2, rel=1e-12, abs=0
    )
