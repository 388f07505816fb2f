"""Frozen layers: what a spec says of them, and what follows for tables, memory, batches and diffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest

import specnet
from specnet import plugins
from specnet.layers.weighted import Trainable
from specnet.network.memory import needed, traffic
from specnet.network.network import Network, analyse
from specnet.plans.plan import make
from specnet.recipe.patterns import fits, fitting
from specnet.spec.spec import load
from specnet.testing import cases

DATA: dict[str, Any] = {
    "specnet": 1,
    "name": "net",
    "layers": {
        "image": {"kind": "input", "shape": [1, 6, 6]},
        "conv1": {"kind": "conv", "from": "image", "filters": 4, "kernel": 3, "activation": "relu"},
        "norm1": {"kind": "batch_norm", "from": "conv1"},
        "pool1": {"kind": "max_pool", "from": "norm1", "kernel": 2},
        "conv2": {"kind": "conv", "from": "pool1", "filters": 8, "kernel": 2},
        "fc3": {"kind": "dense", "from": "conv2", "units": 10},
    },
    "training": {
        "loss": {"kind": "softmax_cross_entropy", "from": "fc3"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        "batch_size": 32,
    },
}


def with_frozen(*patterns: str) -> dict[str, Any]:
    data = deepcopy(DATA)
    data["training"]["frozen"] = list(patterns)
    return data


def with_fields(*names: str) -> dict[str, Any]:
    data = deepcopy(DATA)
    for name in names:
        data["layers"][name]["trainable"] = False
    return data


def network(data: Mapping[str, Any]) -> Network:
    return analyse(load(data))


def trained(data: Mapping[str, Any]) -> list[str]:
    return [p.name for p in make(network(data)).parameters if p.trained]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("conv1", ["conv1"]),
        ("conv*", ["conv1", "conv2"]),
        ("conv?", ["conv1", "conv2"]),
        ("stage1.*", ["stage1.2.conv1"]),
        ("*.conv1", ["stage1.2.conv1"]),
        ("*conv1", ["conv1", "stage1.2.conv1"]),
        ("c", []),
    ],
)
def test_patterns(pattern: str, found: list[str]) -> None:
    assert fitting([pattern], ["conv1", "conv2", "fc", "stage1.2.conv1"]) == found
    assert [name for name in found if fits(pattern, name)] == found


def test_recipe_and_layers_say_the_same() -> None:
    assert make(network(with_frozen("conv1", "norm*"))) == make(network(with_fields("conv1", "norm1")))
    roles = [f"{layer}.gpu0.{role}" for layer in ("conv2", "fc3") for role in ("weight", "bias")]
    assert trained(with_frozen("conv1", "norm*")) == roles
    assert trained(with_frozen("conv1")) == ["norm1.gpu0.weight", "norm1.gpu0.bias", *roles]
    assert load({**DATA, "training": {**DATA["training"], "frozen": "conv*"}}).training is not None


def test_running_statistics_are_neither_counted_nor_trained() -> None:
    parameters = {p.name: p for p in make(network(with_frozen("conv1"))).parameters}
    assert not parameters["norm1.gpu0.running_mean"].trainable
    assert not parameters["norm1.gpu0.running_mean"].trained
    assert parameters["conv1.gpu0.weight"].trainable
    assert not parameters["conv1.gpu0.weight"].trained


def test_every_kind_with_parameters_can_be_frozen() -> None:
    for variant in cases.VARIANTS.values():
        layer = plugins.load("specnet.layers", variant.layer["kind"]).model_validate(
            {**variant.layer, "from": [f"x{i}" for i in range(len(variant.shapes))]}
        )
        if layer.parameters(*map(tuple, variant.shapes)):
            assert isinstance(layer, Trainable), layer.kind
            assert layer.frozen().is_frozen


def test_nothing_before_the_first_trained_layer_has_a_gradient() -> None:
    plan = make(network(with_frozen("conv1", "norm1")))
    assert plan.differentiable == {"conv2.gpu0", "fc3.gpu0"}
    assert make(network(with_frozen("conv2"))).differentiable >= {"conv1.gpu0", "conv2.gpu0"}


def test_the_table_marks_frozen_layers_and_counts_both() -> None:
    """By hand: 4 * 9 + 4, 2 * 4, 8 * 16 + 8 and 10 * 8 + 10 parameters."""
    table = specnet.table(with_frozen("conv1", "norm1"))
    rows = {row.name: (row.parameters, row.frozen) for row in table.rows}
    assert rows["conv1"] == (40, True)
    assert rows["norm1"] == (8, True)
    assert rows["conv2"] == (136, False)
    assert rows["pool1"] == (0, False)
    assert (table.totals.parameters, table.totals.frozen_parameters) == (274, 48)
    assert "226 parameters are trained, 48 are frozen" in str(table)
    assert "frozen 40" in str(table)
    as_json = table.as_json()
    assert as_json["totals"]["frozen_parameters"] == 48
    assert as_json["groups"]["gpu0"]["frozen_parameters"] == 48
    assert [row["frozen"] for row in as_json["layers"]] == [False, True, True, False, False, False]
    assert "frozen" not in str(specnet.table(DATA))


def test_memory_has_no_gradients_and_slots_of_what_is_frozen() -> None:
    """In values: all 282 three times (weight, gradient, velocity; 8 of them running statistics, which have
    one), and 32 images of 36 + 64 + 64 + 16 + 8 + 10 outputs. With the front frozen its outputs may go, but
    for the last one, which the gradient of conv2's weights is made of."""
    assert needed(network(DATA)) == {"gpu0": 4 * (3 * 274 + 8 + 32 * (36 + 64 + 64 + 16 + 8 + 10))}
    front = needed(network(with_frozen("conv1", "norm1")))
    assert front == {"gpu0": 4 * (3 * 226 + 48 + 8 + 32 * (16 + 8 + 10))}
    between = needed(network(with_frozen("conv2")))
    assert between == {"gpu0": 4 * (3 * 138 + 136 + 8 + 32 * (36 + 64 + 64 + 16 + 8 + 10))}


def test_only_gradients_that_there_are_cross_back() -> None:
    data = deepcopy(dict(cases.SPLIT.data))
    whole = sum(traffic(network(data)).values())
    data["training"] = {**data["training"], "frozen": ["conv1", "norm1", "conv2"]}
    assert sum(traffic(network(data)).values()) < whole


def test_a_frozen_batch_norm_asks_for_one_image_and_lets_micro_batches_be() -> None:
    from specnet.diagnostics.errors import UsageError
    from specnet.training.options import check_micro_batch

    frozen, adapting = network(with_frozen("norm1")), network(DATA)
    recipe = adapting.spec.training
    assert recipe is not None
    check_micro_batch(frozen, recipe, 4)
    with pytest.raises(UsageError, match="norm1"):
        check_micro_batch(adapting, recipe, 4)
    data = with_frozen()
    data["layers"]["norm4"] = {"kind": "batch_norm", "from": "fc3"}
    data["training"] = {
        **data["training"],
        "batch_size": 1,
        "loss": {**DATA["training"]["loss"], "from": "norm4"},
    }
    assert [d.code for d in specnet.validate(data).errors] == ["SN609"]
    data["layers"]["norm4"]["trainable"] = False
    assert not specnet.validate(data).errors


def test_validate_counts_both(cli: Callable[..., Any]) -> None:
    done = cli("validate", "specs/lenet5.yaml", "--set", "training.frozen=[conv*]")
    assert done.out.endswith("59,134 parameters trained and 2,572 frozen\n")


def test_a_diff_tells_how_many_are_frozen() -> None:
    diff = specnet.diff(DATA, with_frozen("conv*"))
    assert "of these frozen: 0 -> 176 (+176)" in str(diff)
    assert diff.as_json()["consequences"]["frozen_parameters"] == {"before": 0, "after": 176}
    renamed = deepcopy(with_frozen("fc3"))
    renamed["layers"] = {("head" if n == "fc3" else n): layer for n, layer in renamed["layers"].items()}
    renamed["training"] = {
        **renamed["training"],
        "frozen": "head",
        "loss": {**DATA["training"]["loss"], "from": "head"},
    }
    assert [(c.op, c.path) for c in specnet.diff(with_frozen("fc3"), renamed).changes] == [
        ("rename", "layers.fc3")
    ]


def test_plugin_layer_without_the_field_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from specnet.layers.base import Layer, Shape, Weight

    class Old(Layer):
        """A kind with parameters from before there was freezing."""

        def output_shape(self, *inputs: Shape) -> Shape:
            return inputs[0]

        def parameters(self, *inputs: Shape) -> dict[str, Weight]:
            return {"weight": Weight((1,))}

    data = with_frozen("old")
    data["layers"]["old"] = Old.model_validate({"kind": "old", "from": "conv1"})
    data["layers"]["norm1"]["from"] = "old"
    (finding,) = specnet.validate(data).errors
    assert (finding.code, "no field 'trainable'" in finding.message) == ("SN616", True)
    assert "derive Old from Trainable" in str(Old.hint_about("trainable"))


@pytest.mark.parametrize(
    ("layer", "key", "hint"),
    [
        ("pool1", "trainable", "remove it: a layer of this kind has no parameters to train"),
        ("image", "trainable", "remove it: a layer of this kind has no parameters to train"),
        ("conv1", "frozen", "write trainable: false"),
        ("norm1", "freeze", "write trainable: false"),
        ("fc3", "requires_grad", "did you mean 'trainable'?"),
    ],
)
def test_hints_about_the_key(layer: str, key: str, hint: str) -> None:
    data = deepcopy(DATA)
    data["layers"][layer][key] = False
    (finding,) = specnet.validate(data).errors
    assert (finding.code, finding.hint) == ("SN201", hint)
