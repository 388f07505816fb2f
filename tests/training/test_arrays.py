"""Training on arrays of one's own: what is taken, what is refused, and what a run goes on with."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import specnet
from specnet.data.arrays import from_batches, given
from specnet.data.base import Dataset, Wanted
from specnet.data.kinds.digits import Digits
from specnet.diagnostics.errors import DataError, RunError, UsageError
from specnet.runs.records import Evaluation, EvaluationLine, StepLine, StopLine
from specnet.runs.step_records import Records, step_records

SHAPE = (3, 6, 5)
RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.randint(0, 256, (20, *SHAPE)).astype(np.uint8)
LABELS = np.arange(20) % 4
SPEC: dict[str, Any] = {
    "specnet": 1,
    "name": "own",
    "layers": {
        "image": {"kind": "input", "shape": [1, 8, 8]},
        "out": {"kind": "dense", "from": "image", "units": 10},
    },
    "training": {
        "loss": {"kind": "softmax_cross_entropy", "from": "out"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9},
        "normalize": {"kind": "standardize"},
        "batch_size": 64,
        "epochs": 2,
    },
}
QUIET = specnet.Progress(quiet=True)


def digits() -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """scikit-learn's, as a program has them."""
    parts = Digits().open(None, Wanted((1, 8, 8), 10))
    train, test = (part.read(np.arange(len(part))) for part in (parts.train, parts.test))
    return train, test


def opened(data: Any, shape: tuple[int, ...] = SHAPE, held_out: float | None = 0.2) -> Dataset:
    return given(data, shape).dataset(held_out)


def test_arrays_are_what_is_trained_and_tested_on() -> None:
    dataset = opened(((IMAGES, LABELS), (IMAGES[:6], LABELS[:6])))
    for part, count in ((dataset.train, 20), (dataset.test, 6)):
        images, labels = part.read(np.arange(count))
        assert np.array_equal(images, IMAGES[:count])
        assert np.array_equal(labels, LABELS[:count])
    assert dataset.classes == ["0", "1", "2", "3"]
    assert not dataset.notes


def test_of_one_pair_a_share_of_each_class_is_held_out() -> None:
    labels = np.repeat([0, 1, 2], [10, 5, 5])
    dataset = opened((IMAGES, labels), held_out=0.4)
    train, test = (part.read(np.arange(len(part))) for part in (dataset.train, dataset.test))
    assert np.bincount(test[1]).tolist() == [4, 2, 2]
    both = np.concatenate([train[0], test[0]]).reshape(20, -1)
    assert np.array_equal(np.unique(both, axis=0), np.unique(IMAGES.reshape(20, -1), axis=0))
    assert dataset.notes == ("8 images of 20 are held out to test on",)
    again = opened((IMAGES, labels), held_out=0.4)
    assert np.array_equal(again.test.read(np.arange(8))[0], test[0])
    whole = opened((IMAGES, labels), held_out=None)
    assert len(whole.train) == len(whole.test) == 20


def test_numbers_of_other_types_are_the_same_grey_levels() -> None:
    for dtype in (np.float32, np.float64, np.int64, np.uint16, np.float16):
        dataset = opened((IMAGES.astype(dtype), LABELS.astype(np.int8)), held_out=None)
        assert np.array_equal(dataset.train.read(np.arange(20))[0], IMAGES)
        assert not dataset.notes
    between = opened((np.clip(IMAGES + 0.3, 0, 255), LABELS), held_out=None)
    assert np.array_equal(between.train.read(np.arange(20))[0], IMAGES)
    assert between.notes == ("the pixels of the images, float64, are rounded to whole grey levels",)
    scaled = opened(((IMAGES / np.float32(255)) * np.float32(255), LABELS), held_out=None)
    assert np.array_equal(scaled.train.read(np.arange(20))[0], IMAGES)
    assert not scaled.notes


def test_what_is_no_image_is_taken_where_the_network_takes_none() -> None:
    units = opened((IMAGES[:, 0, 0], LABELS), shape=(5,))
    assert units.train.shape == (5,)


class OnAGPU:
    """As a tensor of PyTorch on a GPU is."""

    def __array__(self, *_: object, **__: object) -> NDArray[Any]:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


ZERO = IMAGES[:0]
REFUSED: list[tuple[Any, str, str | None]] = [
    (IMAGES, "data is KIND[:PATH], (images, labels), or ((images, labels), (test_images, test_labels)), not "
     "an array of shape (20, 3, 6, 5)", "specnet.from_batches(batches) makes (images, labels) of batches"),
    (iter([]), "not a value of type list_iterator", "specnet.from_batches(batches)"),
    ((IMAGES, LABELS, LABELS), "not a tuple of 3", "from_batches"),
    ((IMAGES, list(LABELS)), "not (an array of shape (20, 3, 6, 5), a list of 20)", "numpy.array(list)"),
    ((IMAGES.transpose(0, 2, 3, 1), LABELS), "images have the shape (20, 6, 5, 3), with the channels last",
     "specnet takes (n, channels, height, width): images.transpose(0, 3, 1, 2)"),
    ((IMAGES[:, 0], LABELS), "have the shape (20, 6, 5), and specnet takes (n, channels, height, width)",
     "images[:, None] have one channel"),
    ((IMAGES[0], LABELS), "have the shape (3, 6, 5)", "images[None] is one image"),
    ((IMAGES.reshape(20, -1), LABELS), "have the shape (20, 90)", None),
    ((ZERO, LABELS[:0]), "there are no images", None),
    ((IMAGES / 255, LABELS), "the pixels of the images go from 0 to 1, and white is 255", "images * 255"),
    ((IMAGES / 127.5 - 1, LABELS), "go from -1 to 1, and grey levels from 0 to 255", "(images + 1) * 127.5"),
    ((IMAGES * 2.0, LABELS), "go from 0 to 510, and grey levels from 0 to 255", "training.normalize"),
    ((IMAGES + np.nan, LABELS), "go from nan to nan", None),
    ((IMAGES.astype(str), LABELS), "the images are of <U3, not numbers", None),
    ((OnAGPU(), LABELS), "images: can't convert cuda:0", "tensor.detach().cpu()"),
    ((IMAGES, LABELS[:, None]), "labels have the shape (20, 1), and 20 images have (20,)", "labels[:, 0]"),
    ((IMAGES, np.eye(4)[LABELS]), "the labels have the shape (20, 4)", "labels.argmax(axis=1)"),
    ((IMAGES, LABELS[:7]), "the labels have the shape (7,), and 20 images have (20,)", "one label"),
    ((IMAGES, LABELS + 0.5), "the labels are of float64, not whole numbers from 0", "numpy.unique"),
    ((IMAGES, LABELS.astype(str)), "the labels are of <U21, not whole numbers", "return_inverse=True"),
    ((IMAGES, LABELS - 1), "the smallest of the labels is -1", None),
    (((IMAGES, LABELS), (IMAGES[:, :, :5], LABELS)), "are 3x6x5, and the test images 3x5x5", "one shape"),
    (((IMAGES, LABELS), (IMAGES, LABELS[:3])), "the test labels have the shape (3,)", None),
    (((IMAGES, LABELS), (IMAGES / 255, LABELS)), "the pixels of the test images", "images * 255"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message", "hint"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_says_what_to_write(data: Any, message: str, hint: str | None) -> None:
    with pytest.raises(DataError) as caught:
        opened(data)
    assert message in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


def test_one_image_of_each_class_cannot_be_held_out() -> None:
    with pytest.raises(DataError, match="one image of each class") as caught:
        opened((IMAGES, np.arange(20)))
    assert caught.value.hint == "data=((images, labels), (test_images, test_labels))"


def test_batches_are_put_together() -> None:
    cuts = (slice(0, 8), slice(8, 16), slice(16, 20))
    images, labels = from_batches([IMAGES[cut], LABELS[cut]] for cut in cuts)
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)
    cases: list[tuple[Any, str]] = [
        ([], "there are no batches"),
        ([IMAGES], "batch 0 is an array of shape"),
        ([(IMAGES, LABELS), {"image": IMAGES}], "batch 1 is a value of type dict, not"),
        ([(IMAGES, LABELS), (IMAGES[:, :2], LABELS)], "batch 1 has the shapes"),
        ([(IMAGES, [1, 2])], "batch 0: expected an array, got a list of 2"),
    ]
    for batches, message in cases:
        with pytest.raises(DataError, match=message):
            from_batches(batches)


@pytest.mark.slow
def test_a_run_on_arrays(tmp_path: Path) -> None:
    """Numbers are those of the dataset that the arrays are of; the run goes on with the same arrays alone."""
    train, test = digits()
    own = specnet.train(SPEC, data=(train, test), run_dir=tmp_path / "own", progress=QUIET)
    named = specnet.train(SPEC, data="digits", run_dir=tmp_path / "named", progress=QUIET)
    assert own.evaluation == named.evaluation
    _check_history(own)
    again = specnet.evaluate(tmp_path / "own", data=(train, test), progress=QUIET)
    assert (
        again.evaluation
        == own.evaluation
        == specnet.evaluate(own.run_dir, data=test, progress=QUIET).evaluation
    )
    few = specnet.predict(own.run_dir, test[0][:70], top=1, progress=QUIET)
    right = np.mean([p.guesses[0].name == str(label) for p, label in zip(few, test[1], strict=False)])
    assert [p.image for p in few] == [str(number) for number in range(70)]
    assert right > 0.8  # measured 0.93

    changed = train[0].copy()
    changed[5, 0, 3, 3] ^= 1
    more: Callable[..., Any] = lambda data: specnet.train(  # noqa: E731
        SPEC, data=data, run_dir=tmp_path / "own", resume=True, epochs=3, progress=QUIET
    )
    for data in (((changed, train[1]), test), (train, (test[0], test[1][::-1]))):
        with pytest.raises(DataError, match="other images or labels") as caught:
            more(data)
        assert "run_dir=" in str(caught.value.hint)
    with pytest.raises(DataError, match="is in the memory of a program") as caught:
        more(None)
    assert caught.value.hint == "data=(images, labels) of specnet.train or specnet.evaluate"
    with pytest.raises(RunError, match=r"started with .*arrays.*, not digits"):
        more("digits")
    with pytest.raises(DataError, match="is in the memory of a program"):
        specnet.evaluate(own.run_dir, progress=QUIET)
    longer = more((train, test))
    straight = specnet.train(
        SPEC, data=(train, test), run_dir=tmp_path / "straight", epochs=3, progress=QUIET
    )
    assert longer.evaluation == straight.evaluation
    assert [r["step"] for r in longer.history] == list(range(1, 1 + straight.step))


def _check_history(result: Any) -> None:
    history = result.history
    assert [record["step"] for record in history] == list(range(1, 47))
    assert [record["epoch"] for record in history] == [1] * 23 + [2] * 23
    assert [r["step"] for r in history if "evaluation" in r] == [23, 46]
    assert history[-1]["evaluation"] == result.evaluation.as_json()
    assert history[0]["loss"] > 2 > history[-1]["loss"]
    assert {record["learning_rate"] for record in history} == {0.05}


def test_more_classes_than_outputs_and_images_of_another_shape_are_refused(tmp_path: Path) -> None:
    images = np.zeros((20, 1, 8, 8), dtype=np.uint8)
    cases = [
        ((images, np.arange(20) // 2 + 1), "the dataset has 11 classes, and the network tells 10 apart"),
        ((images[:, :, 1:], LABELS), "the images are 1x7x8, and the network's input is 1x8x8"),
    ]
    for data, message in cases:
        with pytest.raises(DataError, match=message):
            specnet.train(SPEC, data=data, run_dir=tmp_path / "run", progress=QUIET)
        assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())
    with pytest.raises(UsageError, match=re.escape("data is KIND[:PATH], (images, labels)")):
        specnet.train(SPEC, data=images, run_dir=tmp_path / "run", progress=QUIET)  # type: ignore[arg-type]


STEPS = [
    StepLine(1, 1, 2.5, 0.1, 100.0, 0.01),
    StepLine(2, 1, 2.25, 0.1, 100.0, 0.02),
    EvaluationLine(2, 1, Evaluation(2.0, 0.5, 0.25)),
    EvaluationLine(3, 1, None),
    StopLine(3, 2, "nan"),
]


def test_an_evaluation_belongs_to_its_step() -> None:
    evaluation = {"loss": 2.0, "top1_error": 0.5, "top5_error": 0.25}
    first = {"step": 1, "epoch": 1, "loss": 2.5, "learning_rate": 0.1}
    first |= {"images_per_second": 100.0, "data_wait": 0.01}
    second = {**first, "step": 2, "loss": 2.25, "data_wait": 0.02, "evaluation": evaluation}
    assert step_records(STEPS) == [first, second]
    assert step_records(STEPS[2:]) == [{"step": 2, "epoch": 1, "evaluation": evaluation}]


def test_a_table_for_pandas_has_a_column_for_each_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    records = step_records(STEPS)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="made by pandas, which is not installed") as caught:
        records.to_pandas()
    assert caught.value.hint == "pip install pandas"
    pandas: Any = types.ModuleType("pandas")
    pandas.DataFrame = lambda rows: rows
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    rows = Records(records).to_pandas()
    assert rows[0] == records[0]
    assert rows[1]["evaluation.loss"] == 2.0
    assert "evaluation" not in rows[1]
