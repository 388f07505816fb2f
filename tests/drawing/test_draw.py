"""The layout's invariants on every shipped spec, what each format says, and `specnet graph`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conftest import Outcome
from specnet.drawing import changes, content, dot, draw, html, lanes, mermaid, png, svg
from specnet.drawing.content import Line
from specnet.drawing.figure import Edge, Picture, Rect, Text
from specnet.drawing.layout import lay_out
from specnet.drawing.style import text_width
from specnet.network.network import Network, analyse
from specnet.spec import spec
from specnet.tables import build
from support.helpers import network

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml"))
HEAD = "specnet: 1\nname: small\ngroups: [{groups}]\nlayers:\n  image: {{kind: input, shape: [4, 8, 8]}}\n"

FOUR = """
  conv1: {kind: conv, from: image, filters: 16, kernel: 3, padding: 1}
  conv2: {kind: conv, from: conv1, cross_group: true, filters: 16, kernel: 3, padding: 1}
  left: {kind: conv, from: conv2, filters: 16, kernel: 1}
  right: {kind: conv, from: conv2, filters: 16, kernel: 3, padding: 1}
  right2: {kind: conv, from: right, filters: 16, kernel: 3, padding: 1}
  sum: {kind: add, from: [left, right2, conv1]}
  fc1: {kind: dense, from: sum, cross_group: true, group: [b, c], units: 8}
  mean: {kind: global_avg_pool, from: conv1}
  fc2: {kind: dense, from: [fc1, mean], cross_group: true, group: d, units: 2}
"""
DENSE = """
  depth: {kind: input, shape: [1, 8, 8]}
  a: {kind: conv, from: image, filters: 4, kernel: 1}
  b: {kind: conv, from: [a, image], filters: 4, kernel: 1}
  c: {kind: conv, from: [b, a, image], filters: 4, kernel: 1}
  d: {kind: conv, from: [c, b, a, depth], filters: 4, kernel: 1}
  end: {kind: max_pool, from: c, kernel: 2}
  subgraph: {kind: concat, from: [d, a, b, image]}
"""


def shipped(name: str) -> Network:
    return analyse(spec.load(ROOT / "specs" / f"{name}.yaml"))


def pictured(name: str) -> Network:
    match name:
        case "four groups":
            return network(FOUR, HEAD.format(groups="a, b, c, d"))
        case "dense":
            return network(DENSE, HEAD.format(groups="a"))
        case _:
            return shipped(name)


CASES = [*SHIPPED, "four groups", "dense"]
DIFFS = [
    ("alexnet", "alexnet_one_group"),
    ("alexnet_one_group", "alexnet"),
    ("alexnet", "alexnet_towers"),
    ("alexnet", "resnet18"),
    ("four groups", "dense"),
]


def area(text: Text) -> Rect:
    """Where a text is, at most."""
    width = text_width(text.text, text.size, bold=text.bold)
    left = text.x - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
    return Rect(left, text.y - text.size, width, text.size * 1.2, "", "")


@pytest.fixture(params=[*CASES, *DIFFS], ids=str, scope="module")
def told(request: pytest.FixtureRequest) -> content.Content:
    """What a picture has to tell: of a network, or of two."""
    if isinstance(request.param, str):
        return content.of(pictured(request.param))
    return changes.between(*map(pictured, request.param))


def overlap(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def passes(edge: Edge, rect: Rect) -> bool:
    """Whether the edge comes into the rectangle, each short piece of it taken as its bounding box."""
    for (x0, y0), (x1, y1) in pairwise(edge.curve.points(40)):
        beside = max(x0, x1) <= rect.x or min(x0, x1) >= rect.right
        if not beside and max(y0, y1) > rect.y + 0.01 and min(y0, y1) < rect.bottom - 0.01:
            return True
    return False


def test_every_node_is_drawn_once(told: content.Content) -> None:
    boxes = lay_out(told).boxes
    assert [box.key for box in boxes] == list(told.items)
    nodes = [node for box in boxes for node in box.nodes]
    assert len(nodes) == len(set(nodes))


def test_boxes_and_labels_keep_apart_and_inside(told: content.Content) -> None:
    drawn = lay_out(told)
    rects = [box.rect for box in drawn.boxes] + [label.rect for label in drawn.labels]
    rects.sort(key=lambda rect: rect.y)
    for index, rect in enumerate(rects):
        assert 0 <= rect.x < rect.right <= drawn.width
        assert 0 <= rect.y < rect.bottom <= drawn.height
        for other in rects[index + 1 :]:
            if other.y >= rect.bottom:
                break
            assert not overlap(rect, other)


@pytest.mark.slow
def test_edges_run_around_boxes_and_labels(told: content.Content) -> None:
    drawn = lay_out(told)
    assert drawn.edges
    obstacles = [(box.key, box.rect) for box in drawn.boxes]
    for edge in drawn.edges:
        assert not [key for key, rect in obstacles if passes(edge, rect)], f"{edge.source}-{edge.target}"
        others = [label for label in drawn.labels if label.key != edge.source]
        assert not [label.key for label in others if passes(edge, label.rect)]
        assert not [text.text for text in drawn.texts if passes(edge, area(text))]


def test_edges_end_at_their_boxes(told: content.Content) -> None:
    drawn = lay_out(told)
    rects = {box.key: box.rect for box in drawn.boxes}
    assert drawn.edges
    for edge in drawn.edges:
        source, target = rects[edge.source], rects[edge.target]
        (x0, y0), (x1, y1) = edge.curve.start, edge.curve.end
        assert source.x < x0 < source.right
        assert 0 < y0 - source.bottom < 40
        assert target.x < x1 < target.right
        assert y1 == target.y


def test_texts_stay_in_their_boxes(told: content.Content) -> None:
    for box in lay_out(told).boxes:
        assert box.texts
        for text in box.texts:
            inside = area(text)
            assert box.rect.x < inside.x < inside.right < box.rect.right
            assert box.rect.y < inside.y < inside.bottom < box.rect.bottom


@pytest.mark.parametrize("name", CASES)
def test_crossings_are_those_of_the_table(name: str) -> None:
    net = pictured(name)
    drawn = lay_out(content.of(net))
    crossing = {(edge.source, edge.target.group) for edge in drawn.edges if edge.crosses}
    assert crossing == set(net.graph.crossings())
    table = build.make(net).totals
    assert len(crossing) == table.cross_group_edges
    values = sum(link.values for link in content.of(net).crossings().values())
    assert values == table.cross_group_values


@pytest.mark.parametrize("name", ["alexnet", "alexnet_towers"])
def test_alexnet_looks_like_figure_2(name: str) -> None:
    """Two straight towers side by side, data going down, crossings into conv3, fc6, fc7 and fc8 only."""
    drawn = lay_out(content.of(shipped(name)))
    towers = {group: [b.rect for b in drawn.boxes if b.key.group == group] for group in ("gpu0", "gpu1")}
    assert [len({rect.x for rect in rects}) for rects in towers.values()] == [1, 1]
    assert max(rect.right for rect in towers["gpu0"]) < min(rect.x for rect in towers["gpu1"])
    rows = [[rect.y for rect in rects] for rects in towers.values()]
    assert rows[0][:-1] == rows[1] == sorted(rows[1])  # only fc8 has no twin
    into = {edge.target.layer.rstrip("ab") for edge in drawn.edges if edge.crosses}
    assert into == {"conv3", "fc6", "fc7", "fc8"}
    crossing, plain = ([e for e in drawn.edges if e.crosses is c] for c in (True, False))
    assert min(e.weight for e in crossing) > max(e.weight for e in plain)
    assert {e.color for e in crossing}.isdisjoint(e.color for e in plain)
    assert all(len({x for x, _ in e.curve.points()}) == 1 for e in plain)
    assert {"43,264", "9,216", "4,096", "2,048"} <= {text.text for text in drawn.texts}


def test_tracks_are_few_and_never_shared() -> None:
    spans = [(0, 3), (1, 2), (3, 5), (4, 6), (7, 7), (0, 9)]
    tracks = lanes.colour(spans)
    for (a, one), (b, two) in combinations(zip(spans, tracks, strict=True), 2):
        assert one != two or a[1] < b[0] or b[1] < a[0]
    assert max(tracks) + 1 == 3


def test_the_diff_marks_what_changed() -> None:
    told = changes.between(shipped("alexnet"), shipped("alexnet_one_group"))
    statuses = {str(key): item.status for key, item in told.items.items()}
    assert statuses["conv1.gpu1"] == "removed"
    assert (statuses["pool1.gpu0"], statuses["conv1.gpu0"]) == ("same", "changed")
    item = next(item for key, item in told.items.items() if str(key) == "conv1.gpu0")
    assert item.output == "48x55x55 -> 96x55x55"
    assert {link.status for link in told.links if link.crosses} == {"removed"}
    assert [column.status for column in told.columns] == ["same", "removed"]
    same = changes.between(shipped("alexnet"), shipped("alexnet"))
    assert {item.status for item in same.items.values()} == {"same"}
    assert same.subtitle == "no layer changed"


def test_a_renamed_layer_is_one_changed_layer() -> None:
    layers = (
        "  old: {kind: conv, from: image, filters: 4, kernel: 1}\n  end: {kind: lrn, from: old, size: 3, "
    )
    layers += "k: 2, alpha: 1, beta: 1}\n"
    before, after = network(layers), network(layers.replace("old", "new"))
    told = changes.between(before, after)
    assert [name for name in told.order if name != "image"] == ["new", "end"]
    assert {item.lines for key, item in told.items.items() if key.layer == "new"} == {
        (Line("was old", "changed"),)
    }
    assert {link.status for link in told.links} == {"same"}


SHARED = """
  conv1: {kind: conv, from: image, filters: 16, kernel: 3, activation: relu}
  pool1: {kind: max_pool, from: conv1, kernel: 2}
  fc2: {kind: dense, from: pool1, cross_group: true, units: 10, activation: relu}
"""
RGB = HEAD.replace("[4, 8, 8]", "[3, 12, 12]")
WIDER = SHARED.replace("filters: 16, kernel: 3", "filters: 24, kernel: 5")
WORDS = {
    # 16 filters of 3x3x3 and 16 biases: 448; 24 of 5x5x3 and 24 biases: 1,824. Each group has half of them.
    "layer: 16 -> 24 filters · 448 -> 1,824 parameters",
    "share: 8 -> 12 filters · 224 -> 912 parameters",
    "kernel 3 -> 5",
    "share: 8x10x10 -> 12x8x8",
}


def plain(form: str, file: bytes) -> str:
    """A picture's text as its reader sees it."""
    text = unescape(file.decode())
    return text.replace("#gt;", ">") if form == "mmd" else text


@pytest.mark.parametrize("form", ["svg", "html", "mmd", "dot"])
def test_a_diff_tells_the_layer_from_its_share(form: str) -> None:
    before, after = (network(layers, RGB.format(groups="a, b")) for layers in (SHARED, WIDER))
    text = plain(form, draw.draw(after, form, before))
    for words in (*WORDS, "a box is one group's share, and 'layer:' is the whole"):
        assert words in text
    bare = r"(?<!layer: )(?<!share: )(?<!filters · )\b(16|8|448|224|8x10x10) ->"
    shown = text.partition("<aside>")[0]
    assert not re.search(bare, shown), "nothing is said of neither"


def test_a_diff_as_png_tells_the_layer_from_its_share() -> None:
    before, after = (network(layers, RGB.format(groups="a, b")) for layers in (SHARED, WIDER))
    drawn = lay_out(changes.between(before, after))  # PNG sets these texts
    texts = [text.text for box in drawn.boxes if box.key.layer == "conv1" for text in box.texts]
    texts += [label.text.text for label in drawn.labels]
    assert set(texts) >= WORDS
    assert not [text for text in texts if text.endswith("…")]


def told_of(layers: tuple[str, str], groups: tuple[str, str], layer: str = "conv1") -> list[str]:
    """What the boxes of a layer say of what changed."""
    texts = [
        text if "," in names else text.replace("cross_group: true, ", "")
        for text, names in zip(layers, groups, strict=True)
    ]
    sides = (network(text, RGB.format(groups=names)) for text, names in zip(texts, groups, strict=True))
    told = changes.between(*sides)
    kept = [item for key, item in told.items.items() if key.layer == layer and item.status == "changed"]
    return [line for item in kept for line in (*item.under_name()[1:], item.leaving())]


def test_a_layer_on_one_group_is_all_its_share() -> None:
    said = told_of((SHARED, WIDER), ("a", "a"))
    words = {"filters 16 -> 24", "kernel 3 -> 5", "448 -> 1,824 parameters", "16x10x10 -> 24x8x8"}
    assert set(said) == words


@pytest.mark.parametrize(
    ("layers", "groups", "words"),
    [
        pytest.param(
            (SHARED, SHARED),
            ("a, b", "a"),
            [
                "layer: 16 filters · 448 parameters, unchanged",
                "share: 8 -> 16 filters · 224 -> 448 parameters",
                "share: 8x10x10 -> 16x10x10",
            ],
            id="a group less",
        ),
        pytest.param(
            (SHARED, SHARED.replace("filters: 16", "filters: 32")),
            ("a", "a, b"),
            [
                "layer: 16 -> 32 filters · 448 -> 896 parameters",
                "share: 16 filters · 448 parameters, unchanged",
                "16x10x10",
            ],
            id="a group more, the share as before",
        ),
        pytest.param(
            (SHARED, SHARED.replace("kernel: 3, activation: relu", "kernel: 3, activation: tanh")),
            ("a, b", "a, b"),
            # 8 filters of 3x3x3 at 10x10 places.
            ["activation relu -> tanh", "share: 224 parameters · 21.6 K MACs", "8x10x10"] * 2,
            id="what is the same in both",
        ),
    ],
)
def test_what_changed_is_the_layers_or_the_shares(
    layers: tuple[str, str], groups: tuple[str, str], words: list[str]
) -> None:
    assert told_of(layers, groups) == words


def test_a_renamed_layer_is_told_from_its_share_too() -> None:
    said = told_of((SHARED, WIDER.replace("conv1", "first")), ("a, b", "a, b"), "first")
    assert said[:2] == ["was conv1", "kernel 3 -> 5"]
    assert set(said) >= {words for words in WORDS if "parameters" in words}
    # 2 groups with 5 units each, which read all 16 -> 24 maps of 5x5 -> 4x4.
    said = told_of((SHARED, WIDER), ("a, b", "a, b"), "fc2")
    held = ["layer: 10 units · 4,010 -> 3,850 parameters", "share: 5 units · 2,005 -> 1,925 parameters"]
    assert said[:2] == held


def test_what_is_too_wide_for_a_line_is_told_in_two() -> None:
    big = SHARED.replace("units: 10", "units: 123456"), SHARED.replace("units: 10", "units: 234568")
    said = told_of(big, ("a, b", "a, b"), "fc2")
    # Each unit has 16 * 5 * 5 weights and a bias.
    assert said[:4] == [
        "layer: 123,456 -> 234,568 units",
        "layer: 49.5 M -> 94.1 M parameters",
        "share: 61,728 -> 117,284 units",
        "share: 24.8 M -> 47.0 M parameters",
    ]


def test_a_reversed_edge_is_drawn_upwards() -> None:
    layers = "  p: {{kind: conv, from: {0}, filters: 4, kernel: 1}}\n"
    layers += "  q: {{kind: conv, from: {1}, filters: 4, kernel: 1, bias: none}}\n"
    told = changes.between(network(layers.format("image", "p")), network(layers.format("q", "image")))
    drawn = lay_out(told)
    up = [e for e in drawn.edges if e.source.layer == "q" or e.target.layer == "q"]
    assert any(edge.curve.end[1] < edge.curve.start[1] for edge in up)
    for edge in drawn.edges:
        assert not [box.key for box in drawn.boxes if passes(edge, box.rect)]
        assert not [text.text for text in drawn.texts if passes(edge, area(text))]


def drawn_alexnet() -> Picture:
    return lay_out(content.of(shipped("alexnet")))


def test_svg_is_well_formed_and_has_its_own_background() -> None:
    root = ElementTree.fromstring(svg.render(drawn_alexnet()))
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    background = root.find(f"{space}rect")
    assert background is not None
    assert (background.get("width"), background.get("height")) == (root.get("width"), root.get("height"))
    assert len(root.findall(f".//{space}g[@class='box']")) == 30
    assert len(root.findall(f".//{space}g[@class='edge crosses']")) == 7
    texts = {element.text for element in root.iter(f"{space}text")}
    assert {"conv3", "conv · relu", "128x13x13", "gpu1", "192 filters · 3x3 · pad 1"} <= texts


class Resources(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if key in ("src", "href", "srcset") and value]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass


@pytest.mark.parametrize("before", [None, "alexnet_one_group"])
def test_html_is_self_contained(before: str | None) -> None:
    was = shipped(before) if before else None
    page = draw.draw(shipped("alexnet"), "html", was).decode()
    parser = Resources()
    parser.feed(page)
    assert parser.found == ["data:,"]  # no icon is asked for
    assert parser.open == []
    assert "@import" not in page
    assert not re.search(r"url\(|fetch\(|https?://(?!www\.w3\.org/2000/svg)", page)
    assert "60,965,224" in page
    assert page.count("<svg ") == 1
    assert ("layers.conv3.cross_group" in page) == (before is not None)


def test_hostile_words_are_escaped() -> None:
    told = content.of(shipped("lenet5"))
    key = next(iter(told.items))
    told.items[key] = replace(told.items[key], tag='<script>"&', hover="</title><script>")
    drawn = lay_out(told)
    assert '<script>"&' in {text.text for text in ElementTree.fromstring(svg.render(drawn)).iter()}
    assert html.render(drawn, shipped("lenet5")).count("<script>") == 1
    assert mermaid.quoted('say "<b>#1"') == "say #quot;#lt;b#gt;#35;1#quot;"
    assert dot.quoted('back\\slash "q"', "two") == '"back\\\\slash \\"q\\"\\ntwo"'


def test_mermaid_has_a_subgraph_for_each_group() -> None:
    text = mermaid.render(content.of(shipped("alexnet")))
    assert text.count("subgraph ") == 2
    assert text.count("==>") == 7
    assert len(re.findall(r'^ +n\d+\["', text, re.MULTILINE)) == 30
    assert '|"128x13x13"|' in text
    keywords = mermaid.render(content.of(pictured("dense")))
    assert {"end", "subgraph"} <= set(re.findall(r"\w+", keywords))
    assert not re.search(r"^ *(end|subgraph)\b(?!$| g0)", keywords, re.MULTILINE)


def test_dot_has_a_cluster_for_each_group() -> None:
    text = dot.render(content.of(shipped("alexnet")))
    assert text.count("subgraph cluster_") == 2
    assert text.count("penwidth") == 7
    assert '"pool2.gpu0" -> "conv3.gpu1"' in text
    assert '"image" -> "conv1.gpu0" [label="3x224x224"]' in text
    assert text.count("{") == text.count("}")


def test_png_opens(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    drawn = lay_out(changes.between(shipped("lenet5"), shipped("lenet5")))
    (tmp_path / "x.png").write_bytes(png.render(drawn))
    with image.open(tmp_path / "x.png") as opened:
        assert opened.size == (round(drawn.width * 2), round(drawn.height * 2))
        assert opened.convert("RGB").getpixel((2, 2)) == tuple(bytes.fromhex(drawn.background[1:]))


CLI = Callable[..., Outcome]


@pytest.mark.parametrize("form", draw.FORMATS)
def test_the_suffix_names_the_format(cli: CLI, specs: Path, tmp_path: Path, form: str) -> None:
    file = tmp_path / f"x.{form}"
    outcome = cli("graph", specs / "lenet5.yaml", "-o", file)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    starts = {"svg": b"<svg", "png": b"\x89PNG", "html": b"<!doctype", "mmd": b"---", "dot": b"digraph"}
    assert file.read_bytes().startswith(starts[form])


def test_standard_output_and_overrides(cli: CLI, specs: Path) -> None:
    asked = ("graph", specs / "lenet5.yaml", "-o", "-", "--set", "layers.conv1.filters=7")
    outcome = cli(*asked, "--format", "dot")
    assert outcome.code == 0
    assert "7 filters" in outcome.out
    outcome = cli(*asked)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--format" in outcome.err


def test_a_diff_is_drawn(cli: CLI, specs: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.svg"
    pair = specs / "alexnet.yaml", specs / "alexnet_one_group.yaml"
    assert cli("graph", "--diff", *pair, "-o", file).code == 0
    assert "cross_group true -&gt; false" in file.read_text()
    assert cli("graph", pair[0], "--diff", *pair, "-o", file).code == 2
    assert cli("graph", "--diff", *pair, "-o", file, "--set", "name=x").code == 2
    assert cli("graph", "--diff", "-", "-", "-o", file).code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lenet5.yaml", "-o", "x.sgv"), "did you mean 'svg'?"),
        (("lenet5.yaml", "-o", "x"), "no suffix"),
        (("lenet5.yaml", "-o", "nowhere/x.svg"), "cannot write nowhere/x.svg: No such file or directory"),
        (("-o", "x.svg"), "no spec is given"),
    ],
)
def test_one_clear_message(cli: CLI, specs: Path, arguments: tuple[str, ...], words: str) -> None:
    outcome = cli("graph", *(specs / a if a.endswith(".yaml") else a for a in arguments))
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
    assert outcome.err.count("specnet: error:") == 1


def test_png_without_pillow(cli: CLI, specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    outcome = cli("graph", specs / "lenet5.yaml", "-o", tmp_path / "x.png")
    assert outcome.code == 2
    assert "pip install 'specnet[data]'" in outcome.err
