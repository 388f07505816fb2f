"""The plan: steps in order, transfers of their own, masks, and the state's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import specnet
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.plans.operations import Compute, Transfer
from support.helpers import HEAD, network


def test_alexnets_transfers_are_the_papers_crossings(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet.yaml")))
    assert [(t.name, t.size) for t in made.transfers] == [
        ("pool2.gpu0@gpu1", 128 * 13 * 13),
        ("pool2.gpu1@gpu0", 128 * 13 * 13),
        ("pool5.gpu0@gpu1", 128 * 6 * 6),
        ("pool5.gpu1@gpu0", 128 * 6 * 6),
        ("drop6.gpu0@gpu1", 2048),
        ("drop6.gpu1@gpu0", 2048),
        ("drop7.gpu1@gpu0", 2048),
    ]
    assert made.outputs == ("fc8.gpu0",)
    assert made.head == "fc8.gpu0"


def test_every_value_is_made_before_it_is_read_and_on_the_readers_group(specs: Path) -> None:
    transfers = computes = 0
    for path in sorted(specs.glob("*.yaml")):
        made = plan.make(analyse(specnet.load(path)))
        transfers, computes = transfers + len(made.transfers), computes + len(made.computes)
        group_of: dict[str, str] = {}
        for op in made.operations:
            if isinstance(op, Transfer):
                assert group_of[op.source] == op.origin
            elif isinstance(op, Compute):
                assert all(group_of[name] == op.group for name in op.values), op.name
            group_of[op.name] = op.group
    assert transfers > 7
    assert computes > 100


def test_a_share_goes_to_every_other_group_that_reads_it() -> None:
    head = HEAD.replace("[a, b]", "[a, b, c]")
    layers = "  c: {kind: conv, from: image, filters: 6, kernel: 3}\n"
    made = plan.make(network(layers + "  d: {kind: dense, from: c, cross_group: true, units: 3}\n", head))
    moves = ["c.a@b", "c.a@c", "c.b@a", "c.b@c", "c.c@a", "c.c@b"]
    assert [op.name for op in made.transfers] == moves
    names = [op.name for op in made.operations]
    assert names[names.index("c.b") :][:3] == ["c.b", "c.b@a", "c.b@c"], "right after what they move"


def test_an_output_is_kept_although_something_reads_it() -> None:
    layers: dict[str, Any] = {
        "image": {"kind": "input", "shape": [4]},
        "out": {"kind": "dense", "from": "image", "units": 3},
        "more": {"kind": "dense", "from": "out", "units": 2},
    }
    recipe = {
        "loss": {"kind": "softmax_cross_entropy", "from": "out"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1},
    }
    spec = specnet.load({"specnet": 1, "name": "x", "layers": layers, "training": recipe})
    made = plan.make(analyse(spec))
    assert made.outputs == ("out.gpu0",)
    assert made.readers["out.gpu0"] == 2, "the next layer, and whoever asked"


def test_parameters_are_named_by_layer_group_and_role(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet.yaml")))
    shapes = {p.name: p.shape for p in made.parameters}
    assert shapes["conv1.gpu0.weight"] == (48, 3, 11, 11)
    assert shapes["conv3.gpu1.weight"] == (192, 256, 3, 3)
    assert shapes["fc6.gpu1.weight"] == (2048, 9216)
    assert shapes["fc8.gpu0.bias"] == (1000,)
    assert "fc8.gpu1.bias" not in shapes


def test_masks_are_drawn_for_the_whole_layer_and_cut_by_offset() -> None:
    made = plan.make(
        network(
            "  c: {kind: conv, from: image, filters: 6, kernel: 3}\n"
            "  split: {kind: dropout, from: c, rate: 0.5}\n"
            "  whole: {kind: dropout, from: c, cross_group: true, rate: 0.5}\n"
            "  branch: {kind: stochastic_depth, from: c, rate: 0.5}\n"
        )
    )
    found = {name: (mask.offset, mask.layer_shape, mask.shape) for name, mask in made.masks.items()}
    assert found == {
        "split.a": (0, (6, 6, 6), (3, 6, 6)),
        "split.b": (3 * 6 * 6, (6, 6, 6), (3, 6, 6)),
        "whole.a": (0, (6, 6, 6), (6, 6, 6)),
        "whole.b": (0, (6, 6, 6), (6, 6, 6)),
        "branch.a": (0, (1, 1, 1), (1, 1, 1)),
        "branch.b": (0, (1, 1, 1), (1, 1, 1)),
    }


def test_a_step_survives_its_config(specs: Path) -> None:
    computes = plan.make(analyse(specnet.load(specs / "alexnet.yaml"))).computes
    assert len(computes) == 29
    for op in computes:
        again = Compute.from_config(op.config())
        assert (again.layer, again.arguments, again.output_shape) == (
            op.layer,
            op.arguments,
            op.output_shape,
        )


def test_without_a_recipe_the_outputs_are_what_nothing_reads() -> None:
    made = plan.make(network("  c: {kind: conv, from: image, filters: 6, kernel: 3}\n"))
    assert made.outputs == ("c.a", "c.b")
    assert made.head is None
