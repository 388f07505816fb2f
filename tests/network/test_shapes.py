"""Shapes: window arithmetic from the definitions, and errors that name the edge."""

from __future__ import annotations

import pytest

from specnet.recipe.initializers import fans
from specnet.tables.build import make as build
from support.helpers import HEAD, found, network

ONE = HEAD.replace("groups: [a, b]\n", "").replace("[4, 8, 8]", "[4, 224, 10]")


@pytest.mark.parametrize(
    ("options", "shape", "pads"),
    [
        # 1 + floor((224 - 11) / 4) = 54 and 1 + ceil(213 / 4) = 55, which adds 3 rows at the bottom.
        ("kernel: [11, 1], stride: [4, 1]", (5, 54, 10), (0, 0, 0, 0)),
        ("kernel: [11, 1], stride: [4, 1], rounding: ceil", (5, 55, 10), (0, 3, 0, 0)),
        # TensorFlow's same: ceil(224 / 4) = 56 needs 55 * 4 + 11 - 224 = 7 pixels, 3 above and 4 below.
        ("kernel: [11, 1], stride: [4, 1], padding: same", (5, 56, 10), (3, 4, 0, 0)),
        ("kernel: 3, padding: [1, 2, 0, 1]", (5, 225, 9), (1, 2, 0, 1)),
        ("kernel: 3, padding: 1", (5, 224, 10), (1, 1, 1, 1)),
        ("kernel: 1, stride: 3", (5, 75, 4), (0, 0, 0, 0)),
        # A kernel of 3 with dilation 4 covers 9 pixels: 1 + (10 - 9) columns, and same pads for 9.
        ("kernel: [1, 3], dilation: [1, 4]", (5, 224, 2), (0, 0, 0, 0)),
        ("kernel: [1, 3], dilation: 4, padding: same", (5, 224, 10), (0, 0, 4, 4)),
        ("kernel: [11, 1], stride: [4, 1], dilation: 2", (5, 51, 10), (0, 0, 0, 0)),
    ],
)
def test_convolution_windows(options: str, shape: tuple[int, ...], pads: tuple[int, ...]) -> None:
    net = network(f"  c: {{kind: conv, from: image, filters: 5, {options}}}\n", ONE)
    (share,) = [s for node, s in net.shares.items() if node.layer == "c"]
    assert share.output == shape
    assert tuple(share.layer.window(share.inputs[0])[0]) == pads  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("layers", "code", "words"),
    [
        ("  c: {kind: conv, from: image, filters: 2, kernel: 11}\n", "SN402", "width 11 does not fit"),
        (
            "  c: {kind: conv, from: image, filters: 2, kernel: 3, dilation: 5}\n",
            "SN402",
            "width 11 (3 pixels, spread by the dilation) does not fit",
        ),
        ("  c: {kind: max_pool, from: image, kernel: 2, padding: 2}\n", "SN402", "but padding"),
        ("  c: {kind: max_pool, from: image, kernel: 1, stride: 3, rounding: ceil}\n", "SN402", "nothing"),
        ("  f: {kind: flatten, from: image}\n  c: {kind: max_pool, from: f, kernel: 2}\n", "SN403", "8960"),
        (
            "  p: {kind: max_pool, from: image, kernel: 2}\n  c: {kind: concat, from: [image, p]}\n",
            "SN401",
            "image.gpu0 (4x224x10) and p.gpu0 (4x112x5)",
        ),
        (
            "  p: {kind: max_pool, from: image, kernel: 2}\n  c: {kind: add, from: [image, p]}\n",
            "SN401",
            "image (4x224x10) and p (4x112x5)",
        ),
        ("  c: {kind: conv, from: image, filters: 6, kernel: 1, groups: 4}\n", "SN502", "6 filters"),
        ("  c: {kind: conv, from: image, filters: 6, kernel: 1, groups: 3}\n", "SN502", "4 input channels"),
        ("  c: {kind: max_pool, from: image, kernel: 1, padding: same, rounding: ceil}\n", "SN401", ""),
        (
            "  c: {kind: dense, from: image, units: 1000000000}\n"
            "  d: {kind: dense, from: c, units: 1000000000}\n"
            "  e: {kind: conv, from: image, filters: 1000000000, kernel: [224, 10], padding: 900000000}\n",
            "SN404",
            "more than any machine",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit(layers: str, code: str, words: str) -> None:
    finding = next(d for d in found(layers, ONE) if d.severity == "error")
    assert finding.code == code
    assert words in finding.message


@pytest.mark.parametrize(
    ("recipe", "code", "words"),
    [
        ("loss: {kind: softmax_cross_entropy, from: fcc}", "SN601", "did you mean 'fc'?"),
        ("loss: {kind: softmax_cross_entropy, from: wide}", "SN602", "split over a+b"),
        ("loss: {kind: softmax_cross_entropy, from: conv}", "SN603", "4x8x8"),
        (
            "loss: {kind: softmax_cross_entropy, from: fc}\n  augment: [{kind: random_crop, size: 7}]",
            "SN604",
            "use size 8",
        ),
        (
            "loss: {kind: softmax_cross_entropy, from: fc}\n  evaluate: {kind: ten_crop, size: 9}",
            "SN604",
            "8x8",
        ),
    ],
)
def test_recipes_that_do_not_fit_the_network(recipe: str, code: str, words: str) -> None:
    layers = (
        "  conv: {kind: conv, from: image, group: a, filters: 4, kernel: 1}\n"
        "  wide: {kind: dense, from: image, units: 4}\n"
        "  fc: {kind: dense, from: wide, cross_group: true, group: a, units: 4}\n"
        f"training:\n  optimizer: {{kind: sgd, learning_rate: 0.1}}\n  {recipe}\n"
    )
    findings = [d for d in found(layers) if d.severity == "error"]
    assert [d.code for d in findings] == [code]
    assert words in f"{findings[0].message} {findings[0].hint}"


def test_a_layer_that_feeds_nothing_is_a_warning() -> None:
    layers = (
        "  p: {kind: max_pool, from: image, kernel: 2}\n"
        "  fc: {kind: dense, from: image, group: a, units: 4}\n"
        "training:\n  optimizer: {kind: sgd, learning_rate: 0.1}\n"
        "  loss: {kind: softmax_cross_entropy, from: fc}\n"
    )
    (finding,) = found(layers)
    assert (finding.code, finding.severity) == ("SN305", "warning")
    assert "'p' feeds nothing" in finding.message


def test_a_layer_whose_kernels_are_not_shared() -> None:
    """Parameters count for every output pixel, MACs and the fan-in of initial values as in a convolution."""
    layers = "  c: {{kind: conv, from: image, filters: 6, kernel: [3, 2], groups: 2, group: a, shared: {}}}\n"
    rows = [build(network(layers.format(shared), HEAD)).rows[-1] for shared in ("false", "true")]
    assert rows[0].macs == rows[1].macs == 6 * 6 * 7 * 2 * 3 * 2
    assert rows[0].parameters == 6 * 7 * (6 * 2 * 3 * 2 + 6)
    assert rows[1].parameters == 6 * 2 * 3 * 2 + 6
    assert fans((6, 2, 3, 2, 6, 7)) == fans((6, 2, 3, 2)) == (12, 36)


def test_a_window_of_rnorm_is_seen() -> None:
    within = "  c: {kind: lrn, from: image, size: 5, k: 1, alpha: 1, beta: 1, region: within, group: a}\n"
    assert build(network(within, HEAD)).rows[-1].receptive_field == (5, 5)
    dilated = "  c: {kind: conv, from: image, filters: 2, kernel: [3, 1], dilation: 3, group: a}\n"
    assert build(network(dilated, HEAD)).rows[-1].receptive_field == (7, 1)
