"""Which entries of `rates` hold for which parameters, and what is said of those that hold for none."""

from __future__ import annotations

from typing import Any

import pytest

from specnet.diagnostics.errors import SpecError
from specnet.diffs.diff import differences
from specnet.network.network import examine
from specnet.plans import plan as plans
from specnet.recipe.rates import Settings
from specnet.spec.spec import load
from specnet.syntax import document

TEXT = """\
specnet: 1
name: small
groups: [a, b]
layers:
  image: {kind: input, shape: [3, 8, 8]}
  conv1: {kind: conv, from: image, filters: 4, kernel: 3, bias: none}
  norm1: {kind: batch_norm, from: conv1}
  pool1: {kind: max_pool, from: norm1, kernel: 2}
  fc2: {kind: dense, from: pool1, cross_group: true, group: a, units: 10}
training:
  loss: {kind: softmax_cross_entropy, from: fc2}
  optimizer: {kind: sgd, learning_rate: 0.5, weight_decay: 0.25, BIASES rates: [RATES]}
"""


def examined(rates: str, biases: str = "") -> Any:
    return examine(document.parse(TEXT.replace("RATES", rates).replace("BIASES", biases)))


def test_the_last_entry_that_says_something_of_a_parameter_holds() -> None:
    rates = "{layers: '*', learning_rate: 2}, {layers: [conv?, norm1], weight_decay: 0},"
    rates += " {layers: n*, role: bias, learning_rate: 0}, {role: weight, max_norm: 3}"
    network = examined(rates, "biases: {learning_rate: 1, weight_decay: 8},").valid()
    assert plans.make(network).settings == {
        "conv1.a.weight": Settings(2, 0.5, 0, 3),
        "conv1.b.weight": Settings(2, 0.5, 0, 3),
        "norm1.a.weight": Settings(2, 0.5, 0, None),
        "norm1.a.bias": Settings(0, 0.5, 0, None),
        "norm1.b.weight": Settings(2, 0.5, 0, None),
        "norm1.b.bias": Settings(0, 0.5, 0, None),
        "fc2.a.weight": Settings(2, 0.5, 0.25, 3),
        "fc2.a.bias": Settings(2, 0.5, 8, None),
    }


def test_the_schedule_multiplies_all_rates_alike() -> None:
    assert Settings(2, 0.5, 0).rate(0.125) == 0.5
    assert Settings(0, 0.5, 0).rate(0.125) == 0
    assert Settings(0.1, 0.1, 0).rate(0.03) == 0.03


@pytest.mark.parametrize(
    ("rates", "biases", "words"),
    [
        ("{layers: pool1, learning_rate: 1}", "", "pool1 has nothing to train"),
        ("{layers: norm1, max_norm: 1}", "", "fits single numbers"),
        ("{layers: fc2, role: bias, max_norm: 1}", "", "fits single numbers"),
        (
            "{layers: fc2, weight_decay: 1}, {layers: fc*, weight_decay: 2}",
            "",
            "this entry is told otherwise",
        ),
        ("{role: bias, learning_rate: 1}", "biases: {learning_rate: 2},", "biases are told otherwise"),
    ],
)
def test_what_changes_nothing_is_a_warning(rates: str, biases: str, words: str) -> None:
    (found,) = examined(rates, biases).diagnostics
    assert (found.code, found.severity, found.position.line) == ("SN615", "warning", 12)
    assert words in found.message


@pytest.mark.parametrize(
    "rates",
    [
        "{layers: fc2, weight_decay: 1}, {layers: fc2, learning_rate: 2}",
        "{layers: '*', weight_decay: 1}, {layers: fc2, weight_decay: 2}",
        "{role: bias, weight_decay: 0}",
        "{layers: norm1, max_norm: 1, weight_decay: 0}",
    ],
)
def test_what_holds_for_something_is_none(rates: str) -> None:
    assert not examined(rates, "biases: {learning_rate: 2},").diagnostics


def test_a_rate_of_frozen_layers_changes_nothing_and_is_no_error() -> None:
    text = TEXT.replace("BIASES", "").replace("bias: none", "bias: none, trainable: false")
    (found,) = examine(
        document.parse(text.replace("RATES", "{layers: conv1, role: weight, learning_rate: 1}"))
    ).diagnostics
    assert (found.code, found.severity) == ("SN615", "warning")


@pytest.mark.parametrize("pattern", ["conv9", "cnov1", "stage?.*", "image"])
def test_patterns_that_fit_nothing_are_told_alike(pattern: str) -> None:
    """One matcher and one finding for all parts of a recipe that name layers."""
    written = TEXT.replace("BIASES", "").replace("RATES", f"{{layers: '{pattern}', weight_decay: 1}}")
    rates = [
        f"{d.message} {d.hint}" for d in examine(document.parse(written)).diagnostics if d.code == "SN614"
    ]
    written = TEXT.replace("BIASES rates: [RATES]", "").replace(
        "  optimizer", f"  frozen: '{pattern}'\n  optimizer"
    )
    frozen = [
        f"{d.message} {d.hint}" for d in examine(document.parse(written)).diagnostics if d.code == "SN616"
    ]
    if pattern == "image":
        assert (rates, len(frozen)) == ([], 1)  # a layer without parameters: in vain, or nothing to freeze
    else:
        told = [message.replace("frozen: ", "rates: ") for message in frozen]
        assert [m.partition(" valid")[0] for m in rates] == [m.partition(" valid")[0] for m in told]
        assert len(told) == 1


@pytest.mark.parametrize("frozen", ["conv1", "[norm1, conv?]"])
def test_an_entry_for_layers_that_the_recipe_freezes_is_in_vain(frozen: str) -> None:
    written = TEXT.replace("BIASES", "").replace("RATES", "{layers: conv*, max_norm: 1}")
    (found,) = examine(document.parse(f"{written}  frozen: {frozen}\n")).diagnostics
    assert (found.code, found.severity) == ("SN615", "warning")
    assert "frozen" in str(found.hint)


@pytest.mark.parametrize(("role", "meant"), [("gamma", "weight"), ("beta", "bias"), ("biass", "bias")])
def test_roles_go_by_their_names(role: str, meant: str) -> None:
    with pytest.raises(
        SpecError, match=rf"norm1 has no parameter with the role '{role}'\n.*\n.*\n.*'{meant}'"
    ):
        examined(f"{{layers: norm1, role: {role}, weight_decay: 1}}").valid()


def test_an_entry_follows_its_layer_to_another_name() -> None:
    one = TEXT.replace("RATES", "{layers: [fc2, conv*], weight_decay: 1}").replace("BIASES", "")
    specs = [load(document.parse(text)) for text in (one, one.replace("fc2", "head"))]
    assert [change.path for change in differences(*specs) if change.path.startswith("training")] == []
