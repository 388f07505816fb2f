"""What a change does to receptive fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import specnet
from specnet.diffs.diff import compare
from specnet.diffs.fields import FieldChange, FieldChanges
from specnet.network.network import examine
from specnet.syntax import document

CONVS: dict[str, Any] = {
    "image": {"kind": "input", "shape": [3, 32, 32]},
    "one": {"kind": "conv", "from": "image", "filters": 4, "kernel": 3},
    "two": {"kind": "conv", "from": "one", "filters": 4, "kernel": 3, "stride": 2},
    "three": {"kind": "conv", "from": "two", "filters": 4, "kernel": 3},
}


def spec(layers: dict[str, Any], read: str | None = None, **others: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"specnet": 1, "name": "a", "layers": layers}
    if read is not None:
        optimizer = {"kind": "sgd", "learning_rate": 0.1}
        made["training"] = {"loss": {"kind": "softmax_cross_entropy", "from": read}, "optimizer": optimizer}
    return {**made, **others}


def found(before: dict[str, Any], after: dict[str, Any]) -> FieldChanges:
    follows = specnet.diff(before, after).consequences
    assert follows is not None
    assert follows.fields is not None
    return follows.fields


def test_a_larger_kernel_is_seen_in_all_layers_above() -> None:
    """3, 5 and 9 pixels: each kernel adds two steps of what lies below; two more for a kernel of 5."""
    wider = {**CONVS, "one": {**CONVS["one"], "kernel": 5}}
    changes = found(spec(CONVS), spec(wider))
    assert changes.layers == (
        FieldChange("one", (3, 3), (5, 5)),
        FieldChange("two", (5, 5), (7, 7)),
        FieldChange("three", (9, 9), (11, 11)),
    )
    assert changes.outputs == (FieldChange("three", (9, 9), (11, 11)),)
    assert changes.lines() == [
        "receptive field of the output three 9x9 -> 11x11",
        "receptive fields of 2 layers, from one 3x3 -> 5x5 to two 5x5 -> 7x7",
    ]
    assert changes.lines(everything=True)[1:] == [
        "receptive field of one 3x3 -> 5x5",
        "receptive field of two 5x5 -> 7x7",
    ]
    assert changes.as_json()["outputs"] == [{"layer": "three", "before": [9, 9], "after": [11, 11]}]


def test_a_layer_in_between_changes_what_lies_above_it() -> None:
    longer = {
        **{name: CONVS[name] for name in ("image", "one", "two")},
        "more": {"kind": "max_pool", "from": "two", "kernel": 2, "stride": 1},
        "three": {**CONVS["three"], "from": "more"},
    }
    assert found(spec(CONVS), spec(longer)).layers == (FieldChange("three", (9, 9), (11, 11)),)


def test_all_of_the_input() -> None:
    pooled = {**CONVS, "mean": {"kind": "global_avg_pool", "from": "three"}}
    head = {"kind": "dense", "units": 10}
    before = {**CONVS, "fc": {**head, "from": "three"}}
    after = {**pooled, "fc": {**head, "from": "mean"}}
    assert found(spec(before, "fc"), spec(after, "fc")) == FieldChanges((), ())
    changes = found(spec(CONVS), spec(pooled))
    assert changes.outputs == (FieldChange("mean", (9, 9), None),)
    assert changes.lines() == ["receptive field of the output mean 9x9 -> all"]
    assert changes.as_json()["outputs"] == [{"layer": "mean", "before": [9, 9], "after": None}]


def test_what_the_loss_reads_is_the_output_whatever_it_is_called() -> None:
    """It sees 3x3 by a convolution on `one`, and all by a dense layer on `three`."""
    near = {**CONVS, "near": {"kind": "conv", "from": "one", "filters": 10, "kernel": 1}}
    near |= {"flat": {"kind": "dense", "from": "three", "units": 10}}
    dense = spec(near, "flat")
    small = spec({**near, "pixel": {"kind": "slice", "from": "flat", "channels": [0, 5]}}, "pixel")
    assert found(dense, small).outputs == ()
    assert found(spec(near), spec(near, "flat")).outputs == ()
    assert found(spec({n: near[n] for n in (*CONVS, "near")}), spec(CONVS)).outputs == ()


def test_of_several_outputs_each_is_compared_with_itself() -> None:
    near = {**CONVS, "near": {"kind": "conv", "from": "one", "filters": 10, "kernel": 1}}
    wider = {**CONVS, "three": {**CONVS["three"], "kernel": 5}}
    assert found(spec(near), spec(wider)).outputs == (FieldChange("three", (9, 9), (13, 13)),)


def test_fields_of_renamed_layers(specs: Path) -> None:
    text = (specs / "alexnet.yaml").read_text()
    renamed = text.replace("conv1", "first").replace("kernel: 11", "kernel: 7")
    follows = compare(*(examine(document.parse(part)) for part in (text, renamed))).consequences
    assert follows is not None
    assert follows.fields is not None
    assert follows.fields.layers[0] == FieldChange("first", (11, 11), (7, 7))
    assert follows.fields.layers[-1] == FieldChange("pool5", (195, 195), (191, 191))
    assert follows.fields.outputs == ()
