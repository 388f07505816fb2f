"""What kinds declare: shapes, parameters, groups they can live on, what they see."""

from __future__ import annotations

from typing import Any

import pytest

import specnet
from specnet.diagnostics.errors import SpecError
from specnet.network.network import Network, analyse
from specnet.spec.spec import load
from specnet.tables.build import make

IMAGE = {"kind": "input", "shape": [8, 6, 6]}
CONV = {"kind": "conv", "from": "image", "filters": 8, "kernel": 3, "padding": 1}


def network(groups: int = 1, **layers: dict[str, Any]) -> Network:
    names = ["a", "b"][:groups]
    return analyse(load({"specnet": 1, "name": "x", "groups": names, "layers": {"image": IMAGE, **layers}}))


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(8, 6, 6), (8, 6, 6)], (8, 6, 6)),
        ([(8, 1, 1), (8, 6, 6)], (8, 6, 6)),
        ([(8,), (8, 6, 6), (8, 1, 1)], (8, 6, 6)),
        ([(8,), (8,)], (8,)),
        ([(8,), (8, 1, 1)], (8, 1, 1)),
        ([(8, 6, 6), (8, 6, 1)], None),
        ([(8, 6, 6), (1, 6, 6)], None),
        ([(8,), (1,)], None),
    ],
)
def test_shapes_that_can_be_multiplied(
    shapes: list[tuple[int, ...]], expected: tuple[int, ...] | None
) -> None:
    layers: dict[str, Any] = {f"x{i}": {"kind": "input", "shape": list(s)} for i, s in enumerate(shapes)}
    product = {"kind": "multiply", "from": list(layers)}
    if expected is None:
        with pytest.raises(SpecError, match="cannot multiply x0"):
            network(**layers, out=product)
    else:
        assert network(**layers, out=product).output_shape("out") == expected


def test_squeeze_and_excitation_over_two_groups() -> None:
    """A gate that is split as its image is."""
    made = network(
        2,
        conv=CONV,
        squeezed={"kind": "global_avg_pool", "from": "conv"},
        gate={
            "kind": "dense",
            "from": "squeezed",
            "cross_group": True,
            "units": 8,
            "activation": "sigmoid",
        },
        out={"kind": "multiply", "from": ["conv", "gate"]},
    )
    assert made.output_shape("out") == (8, 6, 6)
    assert all(share.output == (4, 6, 6) for node, share in made.shares.items() if node.layer == "out")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"kind": "slice", "channels": [2, 5]}, (3, 6, 6)),
        ({"kind": "pad", "padding": [1, 2, -3, 0]}, (8, 9, 3)),
        ({"kind": "pad", "padding": -1}, (8, 4, 4)),
        ({"kind": "maxout", "pieces": 4}, (2, 6, 6)),
        ({"kind": "channel_shuffle", "groups": 4}, (8, 6, 6)),
        ({"kind": "layer_norm"}, (8, 6, 6)),
        ({"kind": "scale"}, (8, 6, 6)),
        ({"kind": "stochastic_depth", "rate": 0.5}, (8, 6, 6)),
    ],
)
def test_shape_receptive_field_and_macs(kind: dict[str, Any], expected: tuple[int, ...]) -> None:
    """Only products with weights are counted, as for batch_norm; one pixel sees what it saw before."""
    made = network(conv=CONV, out={**kind, "from": "conv"})
    row = next(row for row in make(made).rows if row.name == "out")
    assert (row.output_shape, row.macs, row.receptive_field) == (expected, 0, (3, 3))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"kind": "layer_norm"}, {"weight": 1.0, "bias": 0.0}),
        ({"kind": "layer_norm", "scale": False}, {"bias": 0.0}),
        ({"kind": "layer_norm", "shift": False}, {"weight": 1.0}),
        ({"kind": "scale"}, {"weight": 1.0}),
        ({"kind": "scale", "gain": 1e-6, "offset": 2}, {"weight": 1e-6, "bias": 2.0}),
        ({"kind": "scale", "gain": "none", "offset": 0}, {"bias": 0.0}),
    ],
)
def test_parameters_and_where_they_start(kind: dict[str, Any], expected: dict[str, float]) -> None:
    made = network(out={**kind, "from": "image"})
    (share,) = (share for node, share in made.shares.items() if node.layer == "out")
    assert {role: weight.initial for role, weight in share.parameters().items()} == expected
    assert make(made).totals.parameters == 8 * len(expected)


def test_constants_are_frozen_parameters() -> None:
    made = network(out={"kind": "scale", "from": "image", "gain": 2, "trainable": False})
    totals = make(made).totals
    assert (totals.parameters, totals.frozen_parameters) == (8, 8)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"kind": "layer_norm"}, "layer_norm needs all channels in one place"),
        ({"kind": "slice", "channels": [0, 4]}, "channels are counted in one place"),
        ({"kind": "channel_shuffle", "groups": 8}, "4 channels cannot be cut into 8 blocks"),
        ({"kind": "maxout", "pieces": 8}, "4 channels cannot be taken 8 at a time"),
    ],
)
def test_what_cannot_be_split(kind: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        network(2, conv=CONV, out={**kind, "from": "conv"})


@pytest.mark.parametrize(("keep_dims", "expected"), [(False, (8,)), (True, (8, 1, 1))])
def test_a_global_max_pool_sees_all(keep_dims: bool, expected: tuple[int, ...]) -> None:
    made = network(2, conv=CONV, out={"kind": "global_max_pool", "from": "conv", "keep_dims": keep_dims})
    row = next(row for row in make(made).rows if row.name == "out")
    assert (row.output_shape, row.receptive_field) == (expected, None)


def test_a_shuffle_within_each_share() -> None:
    made = network(2, conv=CONV, out={"kind": "channel_shuffle", "from": "conv", "groups": 2})
    assert made.output_shape("out") == (8, 6, 6)


@pytest.mark.parametrize(
    ("fields", "channels", "hint"),
    [
        ({"kind": "conv", "groups": 3}, 6, "use a number that divides 8 and 6"),
        ({"kind": "random_connections", "connections": 2, "groups": 3}, 6, "use a number that divides 8"),
    ],
)
def test_blocks_that_do_not_divide_say_what_would(fields: dict[str, Any], channels: int, hint: str) -> None:
    layers = {
        "image": {"kind": "input", "shape": [channels, 9, 9]},
        "conv": {"from": "image", "filters": 8, "kernel": 3, **fields},
    }
    (finding,) = specnet.validate({"specnet": 1, "name": "small", "layers": layers})
    assert (finding.code, finding.hint) == ("SN502", hint)
