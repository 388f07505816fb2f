"""Reports: against scikit-learn, with names that a terminal would obey, and from a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from specnet.diagnostics.errors import UsageError
from specnet.plots.request import Confusion
from specnet.runs import metrics
from specnet.runs.records import StepLine
from specnet.spec.spec import Spec
from specnet.terminal.progress import Progress
from specnet.training.load import evaluate_run
from specnet.training.report import Report
from support.training_runs import run


def report(classes: int, images: int = 300, seed: int = 0) -> Report:
    """Random answers, half of them right. No image shows the last class, and none is taken for the first."""
    draw = np.random.RandomState(seed)
    labels = draw.randint(0, classes - 1, images)
    predicted = np.where(draw.random_sample(images) < 0.5, labels, draw.randint(1, classes, images))
    return Report(tuple(f"c{i}" for i in range(classes)), labels, np.where(predicted == 0, 1, predicted))


@pytest.mark.parametrize("classes", [2, 5, 70])
def test_it_tells_what_scikit_learn_tells(classes: int) -> None:
    made = report(classes)
    labels, predicted = made.labels, made.predicted
    assert (made.confusion == sklearn.confusion_matrix(labels, predicted, labels=range(classes))).all()
    told = sklearn.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=np.nan
    )
    for row, precision, recall, f1, images in zip(made.per_class, *told, strict=True):
        for share, expected in ((row.precision, precision), (row.recall, recall), (row.f1, f1)):
            assert share is None if np.isnan(expected) else share == pytest.approx(expected, rel=1e-14)
        assert row.images == images
    assert made.per_class[0].precision is made.per_class[-1].recall is None


def test_mistakes_are_what_stands_off_the_diagonal() -> None:
    made = report(6)
    told = {(m.name, m.taken_for): m.images for m in made.mistakes}
    rows, columns = np.nonzero(made.confusion - np.diag(np.diag(made.confusion)))
    assert told == {
        (f"c{row}", f"c{column}"): made.confusion[row, column]
        for row, column in zip(rows, columns, strict=True)
    }
    counts = [m.images for m in made.mistakes]
    assert counts == sorted(counts, reverse=True)
    assert all(m.of == made.per_class[int(m.name[1:])].images for m in made.mistakes)
    right = Report(("a", "b"), np.array([0, 1]), np.array([0, 1]))
    assert right.mistakes == []


def test_the_table_by_hand() -> None:
    made = Report(("cat", "dog", "output 2"), np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert str(made).splitlines() == [
        "class     images  taken for it   recall  precision      F1",
        "-" * 58,
        "cat            3             2   66.67%    100.00%  80.00%",
        "dog            1             2  100.00%     50.00%  66.67%",
        "output 2       0             0        -          -       -",
        "-" * 58,
        "how many images of each class (row) are taken for each class (column)",
        "images of   0  1  2",
        "-" * 19,
        "0 cat       2  1  .",
        "1 dog       .  1  .",
        "2 output 2  .  .  .",
        "-" * 19,
    ]


def test_of_many_classes_the_worst_and_the_usual_mistakes() -> None:
    text = str(report(70, 1000))
    assert text.startswith("the 50 classes of 70 with the least recall\n")
    assert "how many images" not in text
    assert "the most frequent mistakes" in text
    assert max(map(len, text.splitlines())) < 100


HOSTILE = ("\x1b[31mred", "a\nb", "<b>&", "$x$ \u202e", "x" * 500)


def test_hostile_names_only_print() -> None:
    made = Report(HOSTILE, np.arange(5), np.array([1, 2, 3, 4, 0]))
    text = str(made)
    assert text.replace("\n", "").isprintable()
    assert r"\x1b[31mred" in text
    assert max(map(len, text.splitlines())) < 110
    page = made._repr_html_()
    assert "<b>" not in page
    assert "\x1b" not in page
    told = json.loads(made.render("json"))
    assert [row["class"] for row in told["classes"]] == list(HOSTILE)


def test_the_whole_matrix_is_in_json_up_to_a_thousand_classes() -> None:
    small, large = report(5).as_json(), report(1001, 3000).as_json()
    assert np.sum(small["confusion"]) == 300
    assert (large["confusion"], len(large["classes"])) == (None, 1001)
    assert sum(m["images"] for m in large["mistakes"]) + sum(r["right"] for r in large["classes"]) == 3000


def test_a_picture_of_many_classes_is_one_of_mistakes() -> None:
    few, many = report(40).picture(), report(41, 5000).picture()
    assert (len(few.names), len(few.mistakes)) == (40, 0)
    assert (many.matrix, len(many.mistakes)) == (None, Confusion.MOST_MISTAKES)
    assert len(many.recalls) == 40, "one class has no images"


@pytest.mark.slow
def test_pictures_are_drawn_whatever_the_names_are(tmp_path: Path) -> None:
    hostile = Report(HOSTILE, np.arange(5), np.array([1, 2, 3, 4, 0]), "\x1b[31m$x$")
    starts = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF"}
    made = dict(zip(starts, (hostile, report(60, 2000), report(25)), strict=True))
    for form, told in made.items():
        assert told.save(tmp_path / f"a.{form}").read_bytes().startswith(starts[form])
    assert b"\x1b" not in (tmp_path / "a.svg").read_bytes()


@pytest.mark.parametrize("name", ["x", "x.txt", "x.jpg", "table.", ""])
def test_a_file_of_no_format_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not written as") as raised:
        report(2).save(tmp_path / name)
    assert "ends with .json, .png, .svg, .pdf" in str(raised.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_a_run_tells_it(small: Spec, tmp_path: Path, cli: Callable[..., Any]) -> None:
    """Its report agrees with its top-1 error, which the training batches have too."""
    run(small, tmp_path / "r", steps=3)
    result = evaluate_run(tmp_path / "r", progress=Progress(quiet=True))
    made = result.report
    assert made is not None
    wrong = 1 - np.trace(made.confusion) / made.confusion.sum()
    assert result.evaluation.top1_error == pytest.approx(wrong, rel=1e-14)
    steps = [line for line in metrics.lines(tmp_path / "r" / "metrics.jsonl") if isinstance(line, StepLine)]
    assert all(line.top1_error is not None and 0 <= line.top1_error <= 1 for line in steps)
    file = tmp_path / "a.json"
    done = cli("evaluate", tmp_path / "r", "--report", file, "--report")
    assert (done.code, str(made) in done.out) == (0, True), done.err
    assert json.loads(file.read_text()) == {"schema_version": 1, **made.as_json()}
    done = cli("evaluate", tmp_path / "r", "--report", "json")
    assert json.loads(done.out)["report"] == made.as_json()
    assert "report" not in json.loads(cli("evaluate", tmp_path / "r", "--json").out)
    for asked, words in ((["--report", "a.bmp"], "is not written as"), (["--report", file], "2 are named")):
        done = cli("evaluate", tmp_path / "r", *([tmp_path / "q"] if words[0] == "2" else []), *asked)
        assert (done.code, words in done.err) == (2, True), done.err
