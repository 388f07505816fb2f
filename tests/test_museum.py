"""The networks people wrote down, and the paper's variants: what the checker must say about each.

Figures are computed by hand from the sources' layer lists; those of the variants are in the paper's sections
3.1 to 3.5 and in the authors' configuration files.
"""

from __future__ import annotations

from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import specnet
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.network import network
from specnet.recipe.optimizers import SGD
from specnet.syntax import document

SPECS = Path(__file__).parent.parent / "specs"
SEEDS = {path.stem: path for path in sorted((SPECS / "seeds").glob("*.yaml"))}
VARIANTS = {path.stem: path for path in sorted((SPECS / "variants").glob("*.yaml"))}


def findings(path: Path) -> list[Diagnostic]:
    return list(network.examine(document.read(path)).diagnostics)


def parameters(path: Path) -> int:
    return specnet.table(path).totals.parameters


def by_layer(path: Path) -> dict[str, int]:
    return {row.name: row.parameters for row in specnet.table(path).rows}


def changes(path: Path, before: Path = SPECS / "alexnet.yaml") -> dict[str, tuple[object, object]]:
    """What a spec changes in another, without its name."""
    return {c.path: (c.before, c.after) for c in specnet.diff(before, path).changes if c.path != "name"}


def test_the_page_is_what_the_command_writes() -> None:
    loaded = spec_from_file_location("make_museum", SPECS.parent / "docs" / "make_museum.py")
    assert loaded is not None
    assert loaded.loader is not None
    module = module_from_spec(loaded)
    loaded.loader.exec_module(module)
    assert module.PAGE.read_text() == module.page(), "make museum"


def test_there_is_every_spec_that_the_page_tells_of() -> None:
    assert set(SEEDS) == {
        "keras_single_tower",
        "keras_two_tower",
        "paper_notes",
        "tf1_notebook",
        "tf1_notebook_repaired",
        "tf_readme",
        "tf_slides",
    }
    assert len(VARIANTS) == 9


@pytest.mark.parametrize("name", sorted({**SEEDS, **VARIANTS}))
def test_all_but_the_notebook_are_valid(name: str) -> None:
    found = findings({**SEEDS, **VARIANTS}[name])
    assert any(d.severity == "error" for d in found) == (name == "tf1_notebook")
    if name in VARIANTS:
        assert found == []


def test_the_notebook_is_rejected_for_every_one_of_its_mistakes() -> None:
    found = findings(SEEDS["tf1_notebook"])
    lines = SEEDS["tf1_notebook"].read_text().splitlines()
    said = [(d.code, lines[d.position.line - 1].split(":")[0].strip(), d) for d in found if d.position]
    unread = [layer for code, layer, _ in said if code == "SN305"]
    assert unread == ["pool1", "conv2", "conv3", "conv4"]
    assert "conv1, norm1 are computed in vain" in next(d.message for c, _, d in said if c == "SN305")
    depths = {
        layer: d.hint
        for code, layer, d in said
        if code == "SN406" and layer.startswith("conv") and "weight_shape" in d.message
    }
    assert depths == {
        f"conv{i}": f"it reads image: 3 inputs to a unit, not {depth}"
        for i, depth in ((2, 48), (3, 256), (4, 192), (5, 192))
    }
    messages = [f"{d.message} ({d.hint})" for d in found]
    for words in (
        "bias_shape says 256, and the bias is 384",
        "12,845,056 inputs to a unit, not 4,096",
        "1,000 inputs to a unit, not 84",
        "radius 5 is a sum over 11 maps",
        "'drop8', whose dropout sets logits to zero",
        "'fc8', which applies relu",
    ):
        assert sum(words in message for message in messages) == 1, words
    assumed = [layer for code, layer, _ in said if code == "SN210"]
    assert assumed == ["weights", "optimizer", "batch_size", "epochs"]
    assert Counter(d.severity for d in found) == {"error": 7, "warning": 7 + len(assumed)}


def test_the_repaired_notebook_keeps_the_weights_that_it_declares() -> None:
    table = specnet.table(SEEDS["tf1_notebook_repaired"])
    assert table.rows[-1].output_shape == (43,)
    made = changes(SEEDS["tf1_notebook_repaired"], SEEDS["tf1_notebook"])
    assert made["layers.conv2.from"] == ("image", "pool1")
    (gone,) = (
        c
        for c in specnet.diff(SEEDS["tf1_notebook"], SEEDS["tf1_notebook_repaired"]).changes
        if c.path == "layers.drop8"
    )
    assert [(c.path, c.before, c.after) for c in gone.along] == [("training.loss.from", "drop8", "fc8")]
    assert "layers.conv2.weight_shape" not in made


def test_the_two_towers() -> None:
    path = SEEDS["keras_two_tower"]
    assert parameters(path) == 60_965_224
    spec = specnet.load(path)
    assert {layer.kind for layer in spec.layers.values()} == {"input", "conv", "max_pool", "dense", "dropout"}
    without = [n for n, layer in spec.layers.items() if layer.kind == "conv" and not layer.activation]  # type: ignore[attr-defined]
    assert without == ["conv1b"]
    crossing = {name[:5] for name, layer in spec.layers.items() if layer.cross_group}
    assert crossing == {"conv3", "fc6a", "fc6b", "fc7a", "fc7b", "fc8"}
    assert {layer.bias for layer in spec.layers.values() if hasattr(layer, "bias")} == {0}
    assert spec.training is not None
    assert isinstance(spec.training.optimizer, SGD)
    assert (spec.training.optimizer.momentum, spec.training.optimizer.weight_decay) == (0, 0)


def test_the_single_tower() -> None:
    path = SEEDS["keras_single_tower"]
    assert parameters(path) == 62_378_344
    convs = [count for name, count in by_layer(path).items() if name.startswith("conv")]
    assert convs[:4] == [34_944, 614_656, 885_120, 1_327_488]
    training = specnet.load(path).training
    assert training is not None
    assert training.schedule.kind == "inverse_time"


def test_the_slides_feed_pool1_to_nothing() -> None:
    path = SEEDS["tf_slides"]
    assert parameters(path) == 91_738_472
    assert by_layer(path)["fc6"] == 16_384 * 4096 + 4096
    found = findings(path)
    assert [d.message for d in found if d.code == "SN305"] == ["layer 'pool1' feeds nothing"]
    assert sum(d.code == "SN407" for d in found) == 2


def test_the_readme_flattens_64896_values() -> None:
    path = SEEDS["tf_readme"]
    assert parameters(path) == 291_034_304
    assert by_layer(path)["fc6"] == 64_896 * 4098 + 4098


def test_what_the_notes_leave_open_is_the_papers_and_is_marked() -> None:
    path = SEEDS["paper_notes"]
    assert parameters(path) == 62_378_344
    open_ = [d.message for d in findings(path)]
    assert all("is unspecified" in message and "from alexnet" in message for message in open_)
    for value in (
        "layers.conv2.padding is unspecified; 2 is",
        "layers.norm1 is",
        "training.weights is unspecified; {kind: normal, std: 0.01}",
    ):
        assert sum(value in message for message in open_) == 1, value
    grouping = ("groups", "group", "cross_group", "assumed")
    assert {path_.split(".")[-1] for path_ in changes(path)} <= {*grouping}, "all else is alexnet's"
    assert "groups" in changes(path)


def test_no_lrn() -> None:
    found = specnet.diff(SPECS / "alexnet.yaml", VARIANTS["alexnet_no_lrn"]).changes
    along = {c.path: [(came.path, came.after) for came in c.along] for c in found if c.path != "name"}
    assert along == {f"layers.norm{i}": [(f"layers.pool{i}.from", f"conv{i}")] for i in (1, 2)}


def test_the_merged_network_takes_all_weights() -> None:
    found = specnet.diff(SPECS / "alexnet.yaml", VARIANTS["alexnet_merged"])
    assert found.consequences is not None
    assert found.consequences.as_json()["weights"] == {"fit": 60_965_224, "all": 60_965_224}
    assert not found.consequences.as_json()["same_network"], "its norms see the maps of both halves"


def test_pooling_without_overlap_changes_no_size() -> None:
    path = VARIANTS["alexnet_pool_2x2"]
    assert changes(path) == {f"layers.pool{i}.kernel": (3, 2) for i in (1, 2, 5)}
    found = specnet.diff(SPECS / "alexnet.yaml", path).consequences
    assert found is not None
    assert found.shapes == ()


def test_tanh() -> None:
    units = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")
    assert changes(VARIANTS["alexnet_tanh"]) == {f"layers.{u}.activation": ("relu", "tanh") for u in units}


def test_one_group_with_half_the_kernels() -> None:
    rows = {row.name: row.output_shape[0] for row in specnet.table(VARIANTS["alexnet_half_one_group"]).rows}
    sizes = [rows[f"conv{i}"] for i in range(1, 6)] + [rows[f"fc{i}"] for i in (6, 7, 8)]
    assert sizes == [48, 128, 192, 192, 256, 4096, 4096, 1000]
    # By hand: 17,472 + 153,728 + 221,376 + 331,968 + 442,624 in the conv layers.
    dense = 37_752_832 + 16_781_312 + 4_097_000
    assert parameters(VARIANTS["alexnet_half_one_group"]) == dense + 1_167_168


def test_the_merged_network_has_the_published_ones_weights_and_operations() -> None:
    path = VARIANTS["alexnet_merged"]
    assert parameters(path) == 60_965_224
    merged, published = (specnet.table(p).rows for p in (path, SPECS / "alexnet.yaml"))
    assert [(row.parameters, row.macs, row.output_shape) for row in merged] == [
        (row.parameters, row.macs, row.output_shape) for row in published
    ]
    assert specnet.table(path).traffic == {}


def test_where_the_groups_communicate() -> None:
    crossing = ("layers.conv3.cross_group", "layers.conv4.cross_group")
    assert changes(VARIANTS["alexnet_no_conv3_crossing"]) == {crossing[0]: (True, False)}
    assert changes(VARIANTS["alexnet_conv4_crossing"]) == {
        crossing[0]: (True, False),
        crossing[1]: (False, True),
    }
    # conv3 then reads 128 maps for each of its 384 filters, conv4 384 in place of 192.
    moved = 384 * 9 * (192 - 128)
    assert parameters(VARIANTS["alexnet_conv4_crossing"]) == 60_965_224 + moved


def test_the_authors_own_code() -> None:
    made = changes(VARIANTS["alexnet_authors"])
    assert made == {
        "layers.conv1.activation": ("relu", None),
        "layers.pool1.activation": (None, "relu"),
        "layers.conv5.activation": ("relu", None),
        "layers.pool5.activation": (None, "relu"),
        **{f"layers.norm{i}.alpha_over": ("sum", "size") for i in (1, 2)},
        **{f"layers.conv{i}.weights": (None, {"kind": "normal", "std": 0.03}) for i in (3, 4, 5)},
        "training.optimizer.biases": (None, {"learning_rate": 0.02, "weight_decay": 0}),
    }
