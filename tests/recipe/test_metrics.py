"""Metrics, by hand and against scikit-learn, whatever the batches are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from specnet.network.network import examine
from specnet.recipe.answers import Answers
from specnet.recipe.heads import Softmax, Values
from specnet.recipe.metrics import F1, ExpectedCalibrationError, MeanPerClassRecall, Metric, TopK, measured


def answers(outputs: Any, labels: Any) -> Answers:
    return Answers(np.array(outputs, dtype=np.float64), np.array(labels), Softmax())


def told(metric: Metric, of: Answers, size: int = 7) -> float:
    """The number, from batches of some images."""
    starts = range(0, len(of.labels), size)
    parts = [Answers(of.outputs[i : i + size], of.labels[i : i + size], of.head) for i in starts]
    return metric.value(np.sum([metric.tally(part) for part in parts], axis=0))


def random_answers(seed: int, classes: int = 6, images: int = 200) -> Answers:
    """With a class that no image shows, one that none is taken for, and one that is neither."""
    draw = np.random.RandomState(seed)
    labels = draw.choice([c for c in range(classes) if c not in (2, 4)], size=images)
    logits = draw.standard_normal((images, classes))
    logits[np.arange(images), labels] += 1
    logits[:, [3, 4]] = -9
    return answers(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), labels)


def test_rank_counts_the_classes_before_the_right_one() -> None:
    assert answers([[0.1, 0.7, 0.2]] * 3, [1, 2, 0]).ranks.tolist() == [0, 1, 2]


def test_between_equal_scores_the_lower_label_comes_first() -> None:
    alike = answers([[0.25, 0.25, 0.25, 0.25]] * 2, [0, 3])
    assert (alike.ranks.tolist(), alike.predicted.tolist()) == ([0, 3], [0, 0])


def test_a_network_that_answers_nan_is_always_wrong() -> None:
    assert answers(np.full((1, 3), np.nan), [0]).ranks.tolist() == [3]
    assert answers([[np.nan, 0, 1]], [2]).predicted.tolist() == [2]


def test_top_k_by_hand() -> None:
    of = answers([[3, 2, 1, 0]] * 4, [0, 1, 2, 3])
    assert [told(TopK(k=k), of, 3) for k in (1, 2, 3, 4)] == [3 / 4, 2 / 4, 1 / 4, 0]
    assert [TopK(k=k).name for k in (1, 5)] == ["top1_error", "top5_error"]


@pytest.mark.parametrize("seed", range(4))
def test_against_scikit_learn(seed: int) -> None:
    of = random_answers(seed)
    labels, predicted = of.labels, of.predicted
    shown = sorted(set(labels))  # the others have no recall
    recall = sklearn.recall_score(labels, predicted, labels=shown, average="macro")
    assert told(MeanPerClassRecall(), of) == pytest.approx(recall, rel=1e-14)  # measured 0
    f1 = sklearn.f1_score(labels, predicted, average="macro")
    assert told(F1(), of) == pytest.approx(f1, rel=1e-14)  # measured 0
    for k in (1, 2, 4):
        accuracy = sklearn.top_k_accuracy_score(labels, of.outputs, k=k, labels=range(6))
        assert told(TopK(k=k), of) == pytest.approx(1 - accuracy, rel=1e-14)  # measured 2.9e-16


@pytest.mark.parametrize("size", [1, 13, 200])
def test_the_size_of_the_batches_changes_nothing(size: int) -> None:
    of = random_answers(9)
    for metric in (TopK(k=2), MeanPerClassRecall(), F1()):
        assert told(metric, of, size) == told(metric, of)
    calibration = ExpectedCalibrationError()
    assert told(calibration, of, size) == pytest.approx(told(calibration, of), rel=1e-12)  # measured 3.2e-16


def test_calibration_by_hand() -> None:
    """Of two bins, (0, 0.5] holds the first image alone: its gap is |0.5 - 1|, and that of the other two, of
    which one is right, |(0.75 + 1) - 1|."""
    probabilities = np.array([[0.5, 0.25, 0.25], [0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])
    with np.errstate(divide="ignore"):
        of = answers(np.log(probabilities), [0, 0, 2])
    assert told(ExpectedCalibrationError(bins=2), of) == pytest.approx((0.5 + 0.75) / 3, rel=1e-14)
    assert told(ExpectedCalibrationError(bins=1), of) == pytest.approx(0.25 / 3, rel=1e-14)


def test_calibration_against_a_loop() -> None:
    of = random_answers(3)
    assert of.probabilities is not None
    gaps: dict[int, list[float]] = {}
    for row, label in zip(of.probabilities, of.labels, strict=True):
        which = next(b for b in range(1, 16) if row.max() <= b / 15)
        gaps.setdefault(which, []).append(row.max() - (row.argmax() == label))
    expected = sum(abs(sum(gap)) for gap in gaps.values()) / len(of.labels)
    assert told(ExpectedCalibrationError(), of) == pytest.approx(expected, rel=1e-12)  # measured 0


@pytest.mark.parametrize(
    ("asked", "classes", "names"),
    [
        (None, 5, ["top1_error"]),
        (None, 6, ["top1_error", "top5_error"]),
        ([], 1000, ["top1_error"]),
        ([F1(), TopK(k=1)], 6, ["top1_error", "f1"]),
        ([TopK(k=5)], 10, ["top1_error", "top5_error"]),
    ],
)
def test_what_is_measured(asked: list[Metric] | None, classes: int, names: list[str]) -> None:
    assert [metric.name for metric in measured(asked, classes)] == names


SPEC: dict[str, Any] = {
    "specnet": 1,
    "name": "few",
    "layers": {"a": {"kind": "input", "shape": [4]}, "b": {"kind": "dense", "from": "a", "units": 5}},
    "training": {
        "loss": {"kind": "softmax_cross_entropy", "from": "b"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1},
    },
}


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([{"kind": "top_k", "k": 4}, {"kind": "f1"}], None),
        ([{"kind": "top_k", "k": 5}], "the top-5 error of 5 outputs is always 0"),
        ([{"kind": "f1"}, {"kind": "f1"}], "'f1' is measured already"),
    ],
)
def test_a_metric_that_tells_nothing_is_a_finding(metrics: list[Any], message: str | None) -> None:
    found = examine({**SPEC, "training": {**SPEC["training"], "metrics": metrics}}).diagnostics
    assert [(d.code, d.message) for d in found] == ([("SN610", message)] if message else [])


def test_values_that_are_no_probabilities_are_not_calibrated() -> None:
    assert ExpectedCalibrationError().unfit(10, Softmax()) is None
    assert ExpectedCalibrationError().unfit(10, Values()) is not None


class Shouting(F1):
    @property
    def name(self) -> str:
        return "F1\x1b[31m"


class Loss(F1):
    @property
    def name(self) -> str:
        return "loss"


def test_a_name_that_cannot_be_written_down_is_said() -> None:
    for metric in (Shouting(), Loss()):
        message, _ = metric.misnamed() or ("", "")
        assert "calls its number" in message
        assert "\x1b" not in message
