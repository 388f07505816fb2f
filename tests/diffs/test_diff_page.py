"""docs/diff.md: the table of what is told is what a diff says of these pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import specnet
from specnet.diffs.apply import applied
from specnet.diffs.diff import Diff
from specnet.diffs.normal_form import canonical
from specnet.spec import spec
from specnet.spec.spec import Spec
from specnet.syntax import document
from specnet.text import code_cell

SPECS = Path(__file__).parents[2] / "specs"
PAGE = SPECS.parent / "docs" / "diff.md"
TRAINING = """\
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  weights: {kind: normal, std: 0.01}
  optimizer: {kind: sgd, learning_rate: 0.01}
  batch_size: 8
  epochs: 1
"""
TOWERS = (
    """\
specnet: 1
name: towers
groups: [g0, g1]
layers:
  image: {kind: input, shape: [3, 8, 8]}
  a: {kind: conv, from: image, group: g0, filters: 4, kernel: 3}
  b: {kind: conv, from: image, group: g1, filters: 4, kernel: 5, padding: 1}
  fc: {kind: dense, from: [a, b], group: g0, cross_group: true, units: 5}
"""
    + TRAINING
)
LINE = (
    """\
specnet: 1
name: line
groups: [g0, g1]
layers:
  image: {kind: input, shape: [3, 8, 8]}
  conv1: {kind: conv, from: image, filters: 4, kernel: 3, padding: 1}
  conv2: {kind: conv, from: conv1, filters: 6, kernel: 3, padding: 1}
  conv3: {kind: conv, from: conv2, filters: 8, kernel: 3, padding: 1}
  fc: {kind: dense, from: conv3, group: g0, cross_group: true, units: 5}
"""
    + TRAINING
)
LIKE = (
    """\
specnet: 1
name: like
groups: [g0]
layers:
  image: {kind: input, shape: [3, 8, 8]}
  c1: {kind: conv, from: image, filters: 4, kernel: 3}
  c2: {kind: conv, from: image, filters: 4, kernel: 3}
  sum: {kind: add, from: [c1, c2]}
  p1: {kind: max_pool, from: c1, kernel: 2, stride: 2}
  p2: {kind: max_pool, from: c2, kernel: 2, stride: 2}
  both: {kind: concat, from: [p1, p2]}
  fc: {kind: dense, from: both, units: 5}
"""
    + TRAINING
)


def edited(text: str, *replacements: tuple[str, str]) -> str:
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def exchanged(text: str, one: str, other: str) -> str:
    return text.replace(one, "\0").replace(other, one).replace("\0", other)


ALEXNET, LONG = ((SPECS / f"{name}.yaml").read_text() for name in ("alexnet", "alexnet_towers"))
NETWORK = edited(
    LINE,
    ("kernel: 3, padding: 1}\n  conv2", "kernel: 3, padding: 1, activation: relu}\n  conv2"),
    ("kernel: 3, padding: 1}\n  conv3", "kernel: 3, padding: 1, activation: relu}\n  conv3"),
)
FUNCTIONS = edited(
    LINE,
    ("from: conv1", "from: act1"),
    ("from: conv2", "from: act2"),
    ("  fc:", "  act1: {kind: activation, from: conv1, function: relu}\n  fc:"),
    ("  fc:", "  act2: {kind: activation, from: conv2, function: tanh}\n  fc:"),
)
RENUMBERED = edited(
    LINE,
    ("conv3", "conv4"),
    ("conv2: {kind: conv, from: conv1", "conv3: {kind: conv, from: conv2"),
    ("from: conv2, filters: 8", "from: conv3, filters: 8"),
    ("  conv3:", "  conv2: {kind: conv, from: conv1, filters: 4, kernel: 3, padding: 1}\n  conv3:"),
)
PAIRS = {
    "short and long form, another learning rate": (
        edited(ALEXNET, ("name: alexnet", "name: alexnet_towers")),
        edited(LONG, ("learning_rate: 0.01", "learning_rate: 0.02")),
    ),
    "short and long form, another bias in one tower": (
        edited(ALEXNET, ("name: alexnet", "name: alexnet_towers")),
        edited(
            LONG,
            (
                "conv2b: {kind: conv, from: pool1b, filters: 128, kernel: 5, padding: 2, bias: 1",
                "conv2b: {kind: conv, from: pool1b, filters: 128, kernel: 5, padding: 2, bias: 0",
            ),
        ),
    ),
    "a join written out": (
        TOWERS,
        edited(
            TOWERS,
            (
                "  fc: {kind: dense, from: [a, b], group: g0, cross_group: true",
                "  ab: {kind: concat, from: [a, b], group: g0, cross_group: true}\n"
                "  fc: {kind: dense, from: ab",
            ),
        ),
    ),
    "inputs in another order": (TOWERS, edited(TOWERS, ("[a, b]", "[b, a]"))),
    "inputs of a kind in another order": (LIKE, edited(LIKE, ("[p1, p2]", "[p2, p1]"))),
    "towers on each other's group": (TOWERS, edited(exchanged(TOWERS, "g0, filters", "g1, filters"))),
    "the last layer on another group": (
        TOWERS,
        edited(TOWERS, ("group: g0, cross_group", "group: g1, cross_group")),
    ),
    "names of groups exchanged": (TOWERS, exchanged(TOWERS, "g0", "g1")),
    "`group` left out, so that another is inherited": (
        edited(TOWERS, ("group: g0, cross_group", "group: g1, cross_group")),
        edited(TOWERS, ("group: g0, cross_group", "cross_group")),
    ),
    "names of two layers exchanged": (LINE, exchanged(LINE, "conv2", "conv3")),
    "a layer inserted, the rest renumbered": (LINE, RENUMBERED),
    "activation functions as layers, one of them another": (NETWORK, FUNCTIONS),
    "padding, a sum's order, initializer and flatten written otherwise": (
        LIKE,
        edited(
            LIKE,
            (
                "c1: {kind: conv, from: image, filters: 4, kernel: 3",
                "c1: {kind: conv, from: image, filters: 4, kernel: 3, rounding: ceil",
            ),
            ("[c1, c2]", "[c2, c1]"),
            ("units: 5", "units: 5, weights: {kind: normal, std: 0.01}"),
            (
                "  fc: {kind: dense, from: both",
                "  row: {kind: flatten, from: both}\n  fc: {kind: dense, from: row",
            ),
        ),
    ),
}


CONV3 = "conv3: {kind: conv, from: conv2, filters: 8, kernel: 3, padding: 1"
WIDE = edited(
    LINE,
    ("  fc:", "  pool: {kind: avg_pool, from: conv3, kernel: 8, stride: 8}\n  fc:"),
    ("from: conv3, group", "from: pool, group"),
)
NORMED = edited(
    LINE,
    ("  fc:", "  norm: {kind: lrn, from: conv3, size: 5, k: 2, alpha: 1e-4, beta: 0.75}\n  fc:"),
    ("from: conv3, group", "from: norm, group"),
)
POOLED = edited(
    LINE,
    ("  fc:", "  pool: {kind: global_avg_pool, from: conv3}\n  fc:"),
    ("from: conv3, group", "from: pool, group"),
)
WRITTEN = {
    "`padding`": (LINE, edited(LINE, ("padding: 1", "padding: same"))),
    "`rounding`": (LINE, edited(LINE, (CONV3, f"{CONV3}, rounding: ceil"))),
    "`stride`": (WIDE, edited(WIDE, ("stride: 8", "stride: 3"))),
    "`dilation`": (
        edited(LINE, (CONV3, CONV3.replace("kernel: 3, padding: 1", "kernel: 1"))),
        edited(LINE, (CONV3, CONV3.replace("kernel: 3, padding: 1", "kernel: 1, dilation: 2"))),
    ),
    "`count_padding`": (WIDE, edited(WIDE, ("stride: 8", "stride: 8, count_padding: true"))),
    "`alpha`": (NORMED, edited(NORMED, ("alpha: 1e-4", "alpha: 5e-4, alpha_over: size"))),
    "`radius`": (NORMED, edited(NORMED, ("size: 5", "radius: 2"))),
    "`weights`": (LINE, edited(LINE, ("units: 5", "units: 5, weights: {kind: normal, std: 0.01}"))),
    "`weight_shape`": (LINE, edited(LINE, ("units: 5", "units: 5, weight_shape: [5, 512]"))),
    "`frozen`": (
        edited(LINE, ("epochs: 1", "epochs: 1\n  frozen: [conv*]")),
        edited(LINE, ("padding: 1", "padding: 1, trainable: false")),
    ),
    "`rates`": (
        edited(LINE, ("rate: 0.01}", "rate: 0.01, rates: [{layers: [conv*], learning_rate: 0.1}]}")),
        edited(
            LINE, ("rate: 0.01}", "rate: 0.01, rates: [{layers: [conv1, conv2, conv3], learning_rate: 0.1}]}")
        ),
    ),
    "`add` and `multiply`": (LIKE, edited(LIKE, ("[c1, c2]", "[c2, c1]"))),
    "`concat`": (
        LIKE,
        edited(LIKE, ("  both: {kind: concat, from: [p1, p2]}\n", ""), ("from: both", "from: [p1, p2]")),
    ),
    "`flatten`": (
        LIKE,
        edited(
            LIKE,
            (
                "  fc: {kind: dense, from: both",
                "  row: {kind: flatten, from: both}\n  fc: {kind: dense, from: row",
            ),
        ),
    ),
    "`activation`": (NETWORK, edited(FUNCTIONS, ("tanh", "relu"))),
    "`pad`": (
        LINE,
        edited(
            LINE,
            (
                CONV3,
                CONV3.replace("from: conv2", "from: zeros").replace("padding: 1", "padding: [1, 0, 0, 1]"),
            ),
            ("  fc:", "  zeros: {kind: pad, from: conv2, padding: [0, 1, 1, 0]}\n  fc:"),
        ),
    ),
    "`keep_dims`": (POOLED, edited(POOLED, ("from: conv3}", "from: conv3, keep_dims: true}"))),
    "`avg_pool` or `max_pool`": (POOLED, edited(POOLED, ("global_avg_pool", "avg_pool, kernel: 8"))),
    "`group`": (LINE, edited(LINE, (CONV3, f"{CONV3}, group: [g0, g1]"))),
    "the long form": (ALEXNET, edited(LONG, ("name: alexnet_towers", "name: alexnet"))),
}
"""What the page lists as another way to write the same, with an example of each."""
SILENT = ("`radius`", "`group`")
"""What is not even told apart."""


def load(text: str) -> Spec:
    return spec.load(document.parse(text, "x.yaml"))


def told(found: Diff) -> str:
    """What a diff says, as cells of the table."""
    lines = [code_cell(str(change)) for change in found.changes] or ["no differences"]
    lines += ["and what is written otherwise"] if found.rewritten else []
    follows = found.consequences
    assert follows is not None
    fit, every = follows.weights
    anew = f"{fit:,} of {every:,} parameters fit, to be trained anew: {', '.join(follows.untrained)}"
    fits = anew if follows.untrained else f"all {every:,} parameters fit"
    return f"{'<br>'.join(lines)} | {follows.sameness or fits}"


def rows() -> Iterator[str]:
    for title, (before, after) in PAIRS.items():
        yield f"| {title} | {told(specnet.diff(load(before), load(after)))} |"


def test_the_table_is_what_a_diff_says() -> None:
    assert "\n".join(rows()) in PAGE.read_text(encoding="utf-8"), "\n".join(rows())


@pytest.mark.parametrize("title", WRITTEN)
def test_every_other_way_to_write_the_same_is_told_apart(title: str) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Written otherwise")[2].partition("\n## ")[0]
    assert f"\n- {title}" in section
    before, after = map(load, WRITTEN[title])
    for found in (specnet.diff(before, after), specnet.diff(after, before)):
        assert not found
        assert bool(found.rewritten) == (title not in SILENT)
        assert found.weights is not None
        assert found.weights.same_network


@pytest.mark.parametrize("title", [*PAIRS, *WRITTEN])
def test_the_json_leads_from_one_to_the_other_as_the_page_says(title: str) -> None:
    before, after = map(load, (PAIRS | WRITTEN)[title])
    for one, other in ((before, after), (after, before)):
        assert applied(canonical(one), specnet.diff(one, other).as_json()) == canonical(other)
