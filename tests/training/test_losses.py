"""What a stranger's loss changes: where its keys are, what it wants of a dataset, what may be predicted."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

import specnet
from specnet import plugins
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.diffs.diff import compare
from specnet.network.memory import traffic
from specnet.network.network import analyse, examine
from specnet.plans import plan as plans
from specnet.recipe import heads
from specnet.recipe.losses import Labels, Loss, SoftmaxCrossEntropy
from specnet.spec.spec import Spec, load
from specnet.syntax import document
from specnet.training.open_data import open_data
from specnet.training.predict import probabilities_of

TEXT = """\
specnet: 1
name: pair
groups: [a, b]
data: {kind: synthetic}
layers:
  i: {kind: input, shape: [4]}
  scores: {kind: dense, from: i, units: 3, group: a}
  code: {kind: dense, from: i, units: 5, group: a}
training:
  loss: {kind: pair, answer: scores, small: code}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""


class Pair(Loss):
    kind: Literal["pair"] = "pair"
    answer: str
    small: str
    reads = ("answer", "small")


class Distance(Loss):
    """Wants a number for each output."""

    kind: Literal["distance"] = "distance"
    of: str
    reads = ("of",)
    labels: ClassVar[Labels] = "values"


@pytest.fixture(autouse=True)
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    names, load_ = plugins.names, plugins.load
    mine: dict[str, type[Loss]] = {"pair": Pair, "distance": Distance}
    monkeypatch.setattr(plugins, "names", lambda g: [*names(g), *(mine if g == "specnet.losses" else ())])
    monkeypatch.setattr(plugins, "load", lambda g, n: mine[n] if n in mine else load_(g, n))


def spec(text: str = TEXT) -> Spec:
    return load(document.parse(text, "pair.yaml"))


def findings(text: str) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        analyse(spec(text))
    return [(d.code, d.message) for d in caught.value.diagnostics if d.severity == "error"]


def test_a_plan_gives_what_the_loss_reads_the_head_first() -> None:
    plan = plans.make(analyse(spec()))
    assert (plan.loss_reads, plan.head, plan.outputs) == (
        ("scores.a", "code.a"),
        "scores.a",
        ("scores.a", "code.a"),
    )
    twice = plans.make(analyse(spec(TEXT.replace("small: code", "small: scores"))))
    assert (twice.loss_reads, twice.outputs) == (("scores.a", "scores.a"), ("scores.a",))


def test_what_the_loss_reads_at_any_key_is_checked() -> None:
    (unknown,) = findings(TEXT.replace("small: code", "small: coed"))
    assert unknown == ("SN601", unknown[1])
    assert "'coed'" in unknown[1]
    split = findings(TEXT.replace("units: 5, group: a", "units: 4"))
    assert split == [("SN602", "the loss reads 'code', which is split over a+b")]


def test_what_is_on_another_group_than_the_head_is_transferred() -> None:
    network = analyse(spec(TEXT.replace("units: 5, group: a", "units: 5, group: b")))
    plan = plans.make(network)
    assert plan.loss_reads == plan.outputs == ("scores.a", "code.b@a")
    assert [(move.source, move.group, move.size) for move in plan.transfers] == [("code.b", "a", 5)]
    # 128 images of 5 values in 4 bytes, and their gradients.
    assert traffic(network) == {("a", "b"): 2560, ("b", "a"): 2560}
    assert specnet.table(network.spec).totals.cross_group_values == 5


def test_no_layer_that_the_loss_reads_feeds_nothing() -> None:
    assert not [d for d in analyse(spec()).warnings if d.code == "SN305"]


def test_another_name_for_what_the_loss_reads_is_a_rename() -> None:
    renamed = TEXT.replace("code", "hidden").replace("scores", "told")
    changes = [
        (change.op, change.path) for change in compare(examine(spec()), examine(spec(renamed))).changes
    ]
    assert changes == [("rename", "layers.scores"), ("rename", "layers.code")]


def test_labels_that_no_dataset_has_are_refused() -> None:
    text = TEXT.replace("{kind: pair, answer: scores, small: code}", "{kind: distance, of: scores}")
    network = analyse(spec(text))
    with pytest.raises(UsageError, match="the loss 'distance' wants values as labels"):
        open_data(network, None)


def test_probabilities_are_those_of_the_head() -> None:
    """Of the logits log 1 and log 3: softmax 1/4 and 3/4; sigmoid 1/2 and 3/4."""
    outputs = np.log([[1.0, 3.0]])

    class Told(Pair):
        head = heads.Sigmoid()

    made: Any = {"answer": "a", "small": "b"}
    assert probabilities_of(Told(**made))(outputs)[0] == pytest.approx([1 / 2, 3 / 4])
    with pytest.raises(UsageError, match="loss 'pair' are not probabilities"):
        probabilities_of(Pair(**made))


SUM = """{kind: sum, of: [{kind: softmax_cross_entropy, from: scores},
    {kind: pair, answer: scores, small: code, weight: 0.3}]}"""


def summed(text: str = SUM, network: str = TEXT) -> str:
    return network.replace("{kind: pair, answer: scores, small: code}", text)


def test_a_sum_reads_what_its_losses_read_and_its_head_is_that_of_the_first() -> None:
    made = analyse(spec(summed()))
    assert made.spec.training is not None
    loss, plan = made.spec.training.loss, plans.make(made)
    assert loss.sources == {"of.0.from": "scores", "of.1.answer": "scores", "of.1.small": "code"}
    assert (loss.head_layer, loss.head, loss.soft_labels) == ("scores", SoftmaxCrossEntropy.head, False)
    assert plan.loss_reads == ("scores.a", "scores.a", "code.a")
    assert (plan.head, plan.outputs) == ("scores.a", ("scores.a", "code.a"))
    assert [w.code for w in made.warnings] == ["SN508"]  # group b is for other tests


def test_the_test_loss_of_a_sum_is_that_of_the_head() -> None:
    training = spec(summed()).training
    assert training is not None
    outputs, labels = np.log([[0.25, 0.25, 0.5]]), np.array([2])
    assert training.loss.per_image(outputs, labels).tolist() == pytest.approx([math.log(2)])


def test_what_is_wrong_in_a_sum_is_said_at_its_place() -> None:
    unknown, dropped = SUM.replace("code", "coed"), SUM.replace("scores, small", "soft, small")
    (first, *_) = examine(spec(summed(unknown))).errors
    assert first.position is not None
    assert (first.code, first.position.line) == ("SN601", 11)
    soft = "  soft: {kind: activation, function: softmax, from: scores}"
    layers = TEXT.replace("groups: [a, b]", "groups: [a]").replace("training:", f"{soft}\ntraining:")
    told = SUM.replace("from: scores", "from: soft")
    warnings = analyse(spec(summed(told, layers))).warnings
    assert [w.code for w in warnings] == ["SN605"]
    assert analyse(spec(summed(dropped, layers))).warnings == ()  # a pair's outputs are no logits
    heads_ = SUM.replace("pair, answer: scores, small: code", "sigmoid_cross_entropy, from: code")
    assert findings(summed(heads_)) == [
        ("SN613", "the loss reads 'code', which has 5 outputs, and 'scores', which has 3")
    ]


def test_a_sum_is_compared_loss_by_loss() -> None:
    def changes(before: str, after: str) -> list[str]:
        found = compare(examine(spec(before)), examine(spec(after)))
        return [f"{change.op} {change.path}" for change in found.changes]

    assert changes(summed(), summed(SUM.replace("0.3", "0.5"))) == ["change training.loss.of.1.weight"]
    renamed = summed().replace("code", "hidden")
    assert changes(summed(), renamed) == ["rename layers.code"]
    one = SUM.replace("weight: 0.3", "weight: 1")
    assert changes(summed(one), summed(one.replace(", weight: 1", ""))) == []
