"""Groups and edges: where layers live, what they read, and what is refused."""

from __future__ import annotations

import pytest

from specnet.network.graph import Node
from support.helpers import HEAD, found, network

CONV = "  conv: {kind: conv, from: image, filters: 6, kernel: 3}\n"


def test_a_layer_lives_where_its_first_input_lives() -> None:
    net = network(CONV + "  pool: {kind: max_pool, from: conv, kernel: 2}\n")
    assert net.graph.groups["pool"] == ("a", "b")
    assert net.shares[Node("conv", "a")].output == (3, 6, 6)
    assert net.output_shape("conv") == (6, 6, 6)
    assert net.graph.crossings() == []


def test_a_pinned_layer_reads_its_own_groups_share() -> None:
    net = network(CONV + "  fc: {kind: dense, from: conv, group: b, cross_group: false, units: 5}\n")
    assert net.graph.groups["fc"] == ("b",)
    assert net.graph.reads[Node("fc", "b")] == ((Node("conv", "b"),),)
    assert net.shares[Node("fc", "b")].inputs == ((3, 6, 6),)


def test_a_crossing_reads_every_share_in_group_order() -> None:
    net = network(CONV + "  top: {kind: conv, from: conv, cross_group: true, filters: 4, kernel: 1}\n")
    both = (Node("conv", "a"), Node("conv", "b"))
    assert net.graph.reads[Node("top", "a")] == (both,)
    assert net.graph.reads[Node("top", "b")] == (both,)
    assert net.graph.crossings() == [(both[1], "a"), (both[0], "b")]
    assert net.graph.nx.edges[both[1], Node("top", "a")]["crosses"] is True
    assert net.graph.nx.edges[both[0], Node("top", "a")]["crosses"] is False


def test_one_share_read_twice_in_another_group_is_one_crossing() -> None:
    layers = CONV + "".join(
        f"  top{i}: {{kind: dense, from: conv, cross_group: true, group: a, units: 2}}\n" for i in range(2)
    )
    assert network(layers).graph.crossings() == [(Node("conv", "b"), "a")]


def test_the_image_is_whole_on_every_group_and_so_is_what_is_made_of_it_alone() -> None:
    net = network("  pool: {kind: max_pool, from: image, kernel: 2}\n")
    assert net.graph.replicated == {"image", "pool"}
    assert net.output_shape("pool") == (4, 4, 4)


def test_a_crossing_into_a_layer_without_own_channels_makes_it_whole() -> None:
    net = network(CONV + "  all: {kind: concat, from: conv, cross_group: true}\n")
    assert net.output_shape("all") == (6, 6, 6)
    assert net.shares[Node("all", "b")].output == (6, 6, 6)
    assert net.graph.replicated == {"image", "all"}


def test_several_inputs_are_concatenated_and_add_keeps_them_apart() -> None:
    net = network(
        CONV
        + "  side: {kind: conv, from: image, filters: 6, kernel: 3}\n"
        + "  both: {kind: dropout, from: [conv, side], rate: 0.5}\n"
        + "  sum: {kind: add, from: [conv, side]}\n"
    )
    assert net.shares[Node("both", "a")].inputs == ((6, 6, 6),)
    assert net.shares[Node("sum", "a")].inputs == ((3, 6, 6), (3, 6, 6))


def test_order_in_the_file_means_nothing() -> None:
    net = network("  pool: {kind: max_pool, from: conv, kernel: 2}\n" + CONV)
    assert net.graph.order == ["image", "conv", "pool"]


@pytest.mark.parametrize(
    ("layers", "code", "line", "words"),
    [
        ("  c: {kind: dense, from: imag, units: 2}\n", "SN301", 6, "did you mean 'image'?"),
        ("  c: {kind: add, from: [image, imag]}\n", "SN301", 6, "there is no layer 'imag'"),
        ("  c: {kind: flatten, from: c}\n", "SN302", 6, "c -> c"),
        (
            "  c: {kind: flatten, from: e}\n  d: {kind: flatten, from: c}\n  e: {kind: flatten, from: d}\n",
            "SN302",
            6,
            "depends on itself",
        ),
        ("  c: {kind: dense, from: image, group: z, units: 2}\n", "SN501", 6, "there is no group 'z'"),
        ("  c: {kind: dense, from: image, units: 5}\n", "SN502", 6, "use 4 or 6"),
        ("  c: {kind: dense, from: image, units: 1}\n", "SN502", 6, "use 2,"),
        (
            CONV + "  p: {kind: conv, from: image, group: a, filters: 3, kernel: 3}\n"
            "  s: {kind: add, from: [conv, p]}\n",
            "SN503",
            8,
            "on b it reads 'p', which lives on a only",
        ),
        (CONV + "  c: {kind: concat, from: image, cross_group: true}\n", "SN504", 7, "nothing crosses"),
        (
            CONV + "  c: {kind: dense, from: conv, group: a, cross_group: true, units: 2}\n"
            "  d: {kind: dense, from: c, cross_group: true, units: 2}\n",
            "SN504",
            8,
            "remove cross_group",
        ),
        ("  c: {kind: dense, from: image, units: 4, activation: softmax}\n", "SN506", 6, "softmax needs all"),
        (CONV + "  c: {kind: activation, from: conv, function: softmax}\n", "SN506", 7, "softmax needs all"),
        (CONV + "  c: {kind: batch_norm, from: conv, cross_group: true}\n", "SN507", 7, "drifts apart"),
        ("  c: {kind: batch_norm, from: image}\n", "SN507", 6, "drifts apart"),
    ],
)
def test_refused(layers: str, code: str, line: int, words: str) -> None:
    (finding,) = (d for d in found(layers) if d.severity == "error")
    assert finding.position is not None
    assert (finding.code, finding.position.line) == (code, line)
    assert words in f"{finding.message} {finding.hint}"


def test_a_graph_without_an_input() -> None:
    findings = found("  c: {kind: flatten, from: d}\n", "specnet: 1\nname: x\nlayers:\n")
    assert [d.code for d in findings] == ["SN301"], "the missing layer may be the input"
    findings = found("  c: {kind: flatten, from: c}\n", "specnet: 1\nname: x\nlayers:\n")
    assert {d.code for d in findings} == {"SN302", "SN303"}


def test_what_merely_follows_from_a_finding_is_not_reported() -> None:
    layers = "  c: {kind: conv, from: imag, filters: 3, kernel: 99}\n  d: {kind: dense, from: c, units: 3}\n"
    assert [d.code for d in found(layers)] == ["SN301"]


def test_all_findings_come_at_once_in_order() -> None:
    layers = (
        "  c: {kind: conv, from: image, filters: 3, kernel: 3}\n"
        "  d: {kind: conv, from: image, filters: 4, kernel: 9}\n"
        "  e: {kind: conv, from: imag, filters: 4, kernel: 3}\n"
    )
    assert [(d.code, d.position.line if d.position else 0) for d in found(layers)] == [
        ("SN502", 6),
        ("SN402", 7),
        ("SN301", 8),
    ]


def test_a_long_chain_is_no_recursion() -> None:
    layers = "".join(
        f"  l{i}: {{kind: flatten, from: {f'l{i - 1}' if i else 'image'}}}\n" for i in range(5000)
    )
    assert len(network(layers).graph.order) == 5001


HEAD_A = "  fc: {kind: dense, from: conv, group: a, units: 5}\n"
POOL = "  pool: {kind: max_pool, from: conv, kernel: 2}\n"


def dropped(layers: str) -> list[tuple[str, int, str]]:
    """Code, line and message of the errors. The layers start on line 6."""
    return [
        (d.code, d.position.line if d.position else 0, d.message)
        for d in found(layers)
        if d.severity == "error"
    ]


def test_a_share_that_nothing_reads_is_an_error_of_its_reader() -> None:
    words = "layer 'fc': it reads its own group's share of 'conv' only, and nothing reads the one on b"
    assert dropped(CONV + HEAD_A) == [("SN305", 7, words)]
    assert found(CONV + HEAD_A.replace("group: a", "group: a, cross_group: true")) == []
    assert found(CONV + HEAD_A.replace("group: a", "group: a, cross_group: false")) == []


@pytest.mark.parametrize(
    "between",
    [
        POOL,
        "  pool: {kind: dropout, from: conv, rate: 0.5}\n",
        "  pool: {kind: flatten, from: conv}\n",
        "  pool: {kind: lrn, from: conv, size: 3, k: 2, alpha: 1, beta: 1}\n",
        "  pool: {kind: add, from: [conv, conv]}\n",
        "  pool: {kind: concat, from: [conv, conv]}\n",
        "  pool: {kind: dense, from: conv, units: 4}\n",
    ],
)
def test_it_is_said_once_where_the_share_is_lost(between: str) -> None:
    ((code, line, message),) = dropped(CONV + between + HEAD_A.replace("conv", "pool"))
    assert (code, line) == ("SN305", 8)
    assert "share of 'pool' only" in message


def test_what_is_pinned_to_one_group_loses_the_others_whatever_its_kind() -> None:
    tail = "  fc: {kind: dense, from: pool, units: 5}\n"
    for kind in ("max_pool, kernel: 2", "dropout, rate: 0.5", "flatten", "batch_norm", "concat"):
        pinned = f"  pool: {{kind: {kind}, from: conv, group: a}}\n"
        assert [(code, line) for code, line, _ in dropped(CONV + pinned + tail)] == [("SN305", 7)], kind


def test_a_share_that_anything_reads_is_not_lost() -> None:
    """Two heads, the long form of two towers, and a layer that reads all beside one that does not."""
    other = "  fc2: {kind: dense, from: conv, group: b, units: 5}\n"
    assert dropped(CONV + HEAD_A + other) == []
    top = "  top: {kind: dense, from: [fc, fc2], cross_group: true, group: a, units: 2}\n"
    assert found(CONV + HEAD_A + other + top) == []
    assert dropped(CONV + HEAD_A + other.replace("group: b", "group: b, cross_group: true")) == []
    assert dropped(CONV + HEAD_A + POOL) == []


def test_every_reader_that_leaves_the_share_out_says_so() -> None:
    second = "  fc2: {kind: conv, from: [conv, conv], group: a, filters: 5, kernel: 3}\n"
    assert [(code, line) for code, line, _ in dropped(CONV + HEAD_A + second)] == [("SN305", 7), ("SN305", 8)]
    meant = HEAD_A.replace("group: a", "group: a, cross_group: false")
    assert [(code, line) for code, line, _ in dropped(CONV + meant + second)] == [("SN305", 8)]


def test_some_of_four_groups() -> None:
    head = HEAD.replace("[a, b]", "[a, b, c, d]")
    conv = CONV.replace("filters: 6", "filters: 8")
    fc = "  fc: {kind: dense, from: conv, group: [a, c], units: 4}\n"
    (finding,) = found(conv + fc, head)
    assert "nothing reads those on b+d" in finding.message
    other = fc.replace("fc", "fc2").replace("[a, c]", "[b, d]")
    assert [d.severity for d in found(conv + fc + other, head)] == ["warning"], "fc is not the output"


def test_no_share_is_lost_of_what_is_whole_everywhere_or_of_the_output() -> None:
    whole = "  all: {kind: concat, from: conv, cross_group: true}\n"
    assert found(CONV + whole + HEAD_A.replace("conv", "all")) == []
    assert dropped(CONV + POOL) == []


def test_a_share_is_not_called_lost_while_its_reader_is_not_understood() -> None:
    broken = "  fc2: {kind: dense, from: conv, group: b, unit: 5}\n"
    assert [d.code for d in found(CONV + HEAD_A + broken)] == ["SN201"]
    elsewhere = "training: {loss: {kind: softmax_cross_entropy, from: fc}, optimizer: {kind: sgd}}\n"
    assert [d.code for d in found(CONV + HEAD_A + elsewhere)] == ["SN305", "SN202"]


def test_a_loss_on_a_split_layer_is_one_error() -> None:
    """The loss reads all of what it reads, though it may not."""
    wide = "  wide: {kind: dense, from: image, units: 4}\n" + HEAD_A.replace("conv", "wide")
    loss = (
        "training:\n  optimizer: {kind: sgd, learning_rate: 1}\n  loss: {kind: softmax_cross_entropy, from: "
    )
    assert [code for code, _, _ in dropped(wide + loss + "wide}\n")] == ["SN602"]
    assert [code for code, _, _ in dropped(wide + loss + "fc}\n")] == ["SN305"]


def test_one_wrong_group_does_not_hide_the_next() -> None:
    """A share that does not divide, or a crossing of nothing, says nothing about the layers behind."""
    uneven = (
        "  c: {kind: conv, from: image, filters: 5, kernel: 3}\n"
        "  d: {kind: conv, from: c, filters: 7, kernel: 3}\n"
    )
    assert [(d.code, d.position and d.position.line) for d in found(uneven)] == [("SN502", 6), ("SN502", 7)]
    empty = (
        "  c: {kind: conv, from: image, filters: 4, kernel: 3, cross_group: true}\n"
        "  d: {kind: dense, from: c, units: 4, group: a, cross_group: false}\n"
        "  e: {kind: dense, from: d, units: 4, cross_group: true}\n"
    )
    assert [d.code for d in found(empty) if d.severity == "error"] == ["SN504", "SN504"]
