"""What a picture of a diff marks: which box of one network is which of the other, and what became of it."""

from __future__ import annotations

from conftest import ROOT
from specnet.drawing import changes
from specnet.drawing.content import Content
from specnet.drawing.layout import lay_out
from specnet.drawing.style import STATUS_TEXT
from specnet.network.network import Network, analyse
from specnet.spec import spec
from specnet.syntax import document
from support.helpers import network

HEAD = "specnet: 1\nname: small\ngroups: [{groups}]\nlayers:\n  image: {{kind: input, shape: [4, 8, 8]}}\n"
ONE = HEAD.format(groups="a")


def shipped(name: str) -> Network:
    return analyse(spec.load(ROOT / "specs" / f"{name}.yaml"))


def drawn(before: Network, after: Network) -> tuple[dict[str, str], Content]:
    """The boxes that are marked, by where they are, and the picture."""
    told = changes.between(before, after)
    return {str(key): item.status for key, item in told.items.items() if item.status != "same"}, told


def test_short_and_long_form_are_one_picture() -> None:
    marked, told = drawn(shipped("alexnet"), shipped("alexnet_towers"))
    assert (marked, told.subtitle) == ({}, "no layer changed")
    assert {link.status for link in told.links} == {"same"}
    text = (ROOT / "specs" / "alexnet_towers.yaml").read_text(encoding="utf-8")
    was = "conv5b: {kind: conv, from: conv4b, filters: 128, kernel: 3, padding: 1"
    assert was in text
    edited = text.replace(was, was.replace("kernel: 3, padding: 1", "kernel: 5, padding: 2"))
    for old in ("alexnet", "alexnet_towers"):
        marked, told = drawn(shipped(old), analyse(spec.load(document.parse(edited))))
        assert marked == {"conv5b.gpu1": "changed"}
    (item,) = [item for item in told.items.values() if item.status == "changed"]
    # 128 filters that read 192 maps, and their biases.
    assert item.under_name()[1:] == ["kernel 3 -> 5", "padding 1 -> 2", "221.3 K -> 614.5 K parameters"]


def test_names_that_change_places_are_two_renamed_layers() -> None:
    layers = "  p: {kind: conv, from: image, filters: 4, kernel: 1}\n"
    layers += "  q: {kind: conv, from: p, filters: 6, kernel: 3}\n"
    swapped = layers.replace("p", "*").replace("q", "p").replace("*", "q")
    marked, told = drawn(network(layers, ONE), network(swapped, ONE))
    assert marked == {"p.a": "changed", "q.a": "changed"}
    assert {link.status for link in told.links} == {"same"}
    lines = {item.name: [line.text for line in item.lines] for item in told.items.values() if item.lines}
    assert (lines["p"], lines["q"]) == (["was q"], ["was p"])


def test_another_layer_of_a_removed_ones_name_is_not_that_layer() -> None:
    """p is called n in the second network, whose n before that, of another kind, is gone."""
    layers = "  p: {kind: conv, from: image, filters: 4, kernel: 1}\n"
    layers += "  n: {kind: lrn, from: p, size: 3, k: 1, alpha: 0.1, beta: 0.75}\n"
    layers += "  q: {kind: conv, from: n, filters: 6, kernel: 3}\n"
    after = "".join(line for line in layers.splitlines(keepends=True) if "lrn" not in line).replace(
        "p:", "n:"
    )
    _, told = drawn(network(layers, ONE), network(after, ONE))
    twice = [(key, item) for key, item in told.items.items() if key.layer.endswith(" (before)")]
    assert [(key.layer, key.group) for key, _ in twice] == [("n (before)", "a")]
    for _, item in twice:
        assert (item.name, item.kind, item.status) == ("n", "lrn", "removed")
    assert {item.name for item in told.items.values()} == {"image", "n", "q"}
    assert {*told.order} == {key.layer for key in told.items}


def test_a_layer_on_another_group_is_moved_and_so_is_what_lives_with_it() -> None:
    layers = "  a: {kind: dense, from: image, group: g0, units: 4}\n"
    layers += "  b: {kind: dense, from: image, group: g1, units: 6}\n  b2: {kind: dense, from: b, units: 3}\n"
    layers += "  c: {kind: dense, from: image, group: g1, units: 8}\n"
    layers += "  end: {kind: dense, from: [a, b2, c], cross_group: true, group: g0, units: 2}\n"
    head = HEAD.format(groups="g0, g1")
    moved = layers.replace("group: g1, units: 6", "group: g0, units: 6")
    marked, told = drawn(network(layers, head), network(moved, head))
    assert marked == {"b.g0": "changed", "b2.g0": "changed"}
    lines = {item.name: [line.text for line in item.lines] for item in told.items.values()}
    assert (lines["b"], lines["b2"]) == (["group g1 -> g0"], ["was on g1"])


def test_what_changed_stands_out_from_what_did_not() -> None:
    _, told = drawn(shipped("alexnet"), shipped("alexnet_one_group"))
    (conv1,) = [item for item in told.items.values() if (item.name, item.status) == ("conv1", "changed")]
    layer, share = conv1.lines
    assert (layer.text[:7], layer.status) == ("layer: ", "same")
    assert (share.text[:7], share.status) == ("share: ", "changed")
    (box,) = [box for box in lay_out(told).boxes if box.key == conv1.key]
    colors = {text.text: text.color for text in box.texts}
    assert colors[layer.text] != colors[share.text] == STATUS_TEXT["changed"]


def test_what_crosses_groups_is_told_before_and_after() -> None:
    """43,264 values are two shares of 128x13x13, 64,896 two of 192x13x13."""
    noted = {}
    for name in ("alexnet_one_group", "variants/alexnet_conv4_crossing"):
        _, told = drawn(shipped("alexnet"), shipped(name))
        texts = [text.text for text in lay_out(told).texts]
        noted[name] = [texts[at - 1] for at, text in enumerate(texts) if text == "values cross"]
    assert set(noted["alexnet_one_group"]) == {"43,264 -> 0", "9,216 -> 0", "4,096 -> 0", "2,048 -> 0"}
    assert set(noted["variants/alexnet_conv4_crossing"]) == {
        "43,264 -> 0",
        "0 -> 64,896",
        *("9,216", "4,096", "2,048"),
    }
