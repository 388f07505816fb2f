"""Warnings beside an error: all that hold whatever becomes of it, and none that it may have caused."""

from __future__ import annotations

import pytest

from specnet.network.network import examine
from specnet.syntax import document

SPEC = """\
specnet: 1
name: small
groups: [a, b, spare]
data: {kind: digits}
layers:
  image: {kind: input, shape: [1, 8, 8]}
  norm: {kind: lrn, from: image, group: a, radius: 5, k: 2, alpha: 1e-4, beta: 0.75}
  conv: {kind: conv, from: norm, group: a, filters: 8, kernel: 3, stride: 2}
  vain: {kind: dense, from: conv, group: a, units: 3}
  side: {kind: conv, from: image, group: b, filters: 4, kernel: 3, stride: 2, rounding: floor}
  fc: {kind: dense, from: [conv, side], group: a, cross_group: true, units: 7, activation: relu}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
assumed: {from: a guess, values: [layers.conv.stride]}
"""
ALL = {
    "SN305": "layer 'vain' feeds nothing",
    "SN405": "layer 'conv': no window reaches the last 1 row and 1 column of 1x8x8",
    "SN407": "layer 'norm': radius 5 is a sum over 11 maps",
    "SN508": "no layer lives on group 'spare'",
    "SN605": "the loss reads 'fc', which applies relu, so the logits cannot take every value",
    "SN606": "the dataset 'digits' has 10 classes, and 'fc' has 7 outputs",
    "SN210": "layers.conv.stride is unspecified; 2 is assumed, from a guess",
}
SIDE = "filters: 4, kernel: 3"


def warnings(old: str, new: str) -> dict[str, str]:
    """Warnings by their codes, with the error that the change makes."""
    assert old in SPEC
    made = examine(document.parse(SPEC.replace(old, new), "x.yaml"))
    assert bool(made.errors) == (old != new)
    return {d.code: d.message for d in made.diagnostics if d.severity == "warning"}


def test_all_are_given_without_an_error() -> None:
    assert warnings("a", "a") == ALL


@pytest.mark.parametrize(
    ("old", "new", "withheld"),
    [
        (SIDE, "filters: 4, kernel: 9", ""),  # a shape
        (SIDE, "filters: 4, kernel: 3, weight_shape: [4, 2, 3, 3]", ""),
        (SIDE, "filtres: 4, kernel: 3", ""),  # the schema
        ("learning_rate: 0.1", "learning_rate: -1", ""),
        ("name: small", "nam: small", "SN305 SN508"),  # an unknown key may be a misplaced layer
        ("from: a guess", "from: 5", "SN210"),
        ("{kind: digits}", "{kind: digit}", "SN606"),
        ("from: fc}", "from: fd}", "SN305 SN605 SN606"),  # what is the output?
        ("from: [conv, side]", "from: [conv, sidee]", "SN305"),  # it may be vain that is meant
        ("kernel: 3, stride: 2}", "kernel: 3, stride: x}", "SN405 SN210"),
        ("group: b", "group: c", "SN508"),
        ("group: b", "grup: b", "SN508"),
        ("side: {kind: conv, from: image", "side: {kind: conv, from: side", "SN305"),  # a cycle
        ("from: image, group: a, radius", "from: imag, group: a, radius", "SN305 SN405"),
        ("units: 7", "units: x", "SN605 SN606"),
        (", activation: relu", ", activation: rely", "SN605 SN606"),
        ("image: {kind: input, shape: [1, 8, 8]}", "image: {kind: input, shape: 8}", "SN305 SN405 SN508"),
    ],
)
def test_those_that_an_error_does_not_concern_stay(old: str, new: str, withheld: str) -> None:
    expected = {code: words for code, words in ALL.items() if code not in withheld.split()}
    assert warnings(old, new) == expected


def test_crops_that_do_not_fit_leave_the_input_in_doubt() -> None:
    crop = "  evaluate: {kind: ten_crop, size: 9}\nassumed"
    assert set(ALL) - set(warnings("assumed", crop)) == {"SN405"}


def test_input_in_the_order_of_image_files_is_said_where_it_makes_the_shapes_wrong() -> None:
    text = (
        "specnet: 1\nname: x\nlayers:\n  image: {kind: input, shape: [32, 32, 3]}\n"
        "  c: {kind: conv, from: image, filters: 2, kernel: 5}\n"
    )
    assert [d.code for d in examine(document.parse(text)).diagnostics] == ["SN408", "SN402"]


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ("kernel: 3, stride: 2, dilation: 2, padding: 1", "every second of the rows and columns alone"),
        ("kernel: [3, 1], stride: 3, dilation: 6, padding: [6, 6, 0, 0]", "every third of the rows alone"),
        ("kernel: 3, stride: 2, dilation: 3, padding: [3, 2, 3, 2]", None),
        ("kernel: 1, stride: 2, dilation: 2, padding: 1", None),
        ("kernel: 3, dilation: 2", None),
    ],
)
def test_a_stride_and_a_dilation_that_leave_pixels_out_everywhere(window: str, message: str | None) -> None:
    made = examine(
        document.parse(SPEC.replace("filters: 8, kernel: 3, stride: 2", f"filters: 8, {window}"), "x")
    )
    found = [d.message for d in made.diagnostics if d.code == "SN405"]
    assert found == ([f"layer 'conv': stride and dilation see {message}"] if message else [])


@pytest.mark.parametrize(
    ("constants", "larger"),
    [
        ("mean: 0.1307, std: 0.3081", "mean: 33.3285, std: 78.5655"),
        ("std: 0.5", "mean: 0.0, std: 127.5"),
        ("mean: [0.485, 0.456, 0.406], std: 0.25", "mean: [123.675, 116.28, 103.53], std: 63.75"),
        ("mean: 0.5, std: 58", ""),
        ("mean: 127.5", ""),
        ("mean: 0", ""),
    ],
)
def test_constants_of_pixels_from_0_to_1(constants: str, larger: str) -> None:
    """torchvision's for MNIST and ImageNet, which follow a scaling to 0 to 1: 255 times as much here."""
    recipe = f"training:\n  normalize: {{kind: constants, {constants}}}"
    text = SPEC.replace("training:", recipe).replace(
        "[1, 8, 8]", "[3, 8, 8]" if "[" in constants else "[1, 8, 8]"
    )
    found = [d.hint for d in examine(document.parse(text, "x.yaml")).diagnostics if d.code == "SN618"]
    assert found == ([f"multiply them by 255: {larger}"] if larger else [])
