"""What a run writes down is read as it was written, and what a stranger wrote within the same bounds."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specnet.runs.records import (
    LARGEST,
    Evaluation,
    EvaluationLine,
    Line,
    RunProgress,
    StepLine,
    StopLine,
    line_of,
    read_progress,
)

SCORES = Evaluation(loss=1.5, top1_error=0.5, top5_error=0.25)
FULL = RunProgress(
    seed=7,
    precision="float64",
    data="image_folder:photos",
    normalize={"kind": "mean_image", "scale": 0.5},
    classes=("a", "b\udcff"),
    micro_batch=4,
    steps_per_epoch=8,
    stop=24,
    train_images=60,
    statistics="0" * 64,
    step=12,
    evaluations=(SCORES, replace(SCORES, loss=math.inf), replace(SCORES, top5_error=None)),
    evaluation=replace(SCORES, others={"f1": 0.5, "mean_per_class_recall": 0.75}),
)


def read(folder: Path, content: object) -> RunProgress:
    (folder / "state.json").write_text(json.dumps(content))
    return read_progress(folder / "state.json")


@pytest.mark.parametrize(
    "progress",
    [
        FULL,
        replace(FULL, normalize=None, micro_batch=None, data=None, evaluation=None),
        RunProgress(step=0, evaluations=()),
    ],
)
def test_progress_is_read_as_it_was_written(tmp_path: Path, progress: RunProgress) -> None:
    assert read(tmp_path, progress.as_json()) == progress


def test_a_state_of_an_earlier_version(tmp_path: Path) -> None:
    """What the first release wrote at the end of a run, and after an import of weights."""
    scores = {"loss": 0.75, "top1_error": 0.25, "top5_error": 0.0}
    written = {"schema_version": 1, "seed": 3, "precision": "tf32", "data": "digits", "normalize": None}
    written |= {"classes": ["0", "1"], "micro_batch": None, "steps_per_epoch": 4, "stop": 4}
    written |= {"train_images": 40, "statistics": "ab", "step": 4, "evaluations": [scores]}
    progress = read(tmp_path, {**written, "evaluation": scores, "of a later version": [1]})
    assert progress.normalize is None
    assert progress.classes == ("0", "1")
    assert progress.evaluation == progress.evaluations[0] == Evaluation(0.75, 0.25, 0.0)
    imported = {"schema_version": 1, "seed": 0, "precision": "float32", "data": None, "classes": []}
    assert read(tmp_path, {**imported, "step": 0, "evaluations": []}) == RunProgress(step=0, evaluations=())


@pytest.mark.parametrize(
    "change",
    [
        {"step": -1},
        {"step": LARGEST},
        {"step": True},
        {"step": 1.0},
        {"step": "1"},
        {"evaluations": None},
        {"evaluations": {}},
        {"evaluations": [{"loss": 1.0, "top5_error": 0.5}]},
        {"evaluations": [{"loss": "1", "top1_error": 0.5, "top5_error": 0.5}]},
        {"evaluations": [{"loss": 1.0, "top1_error": 0.5, "top5_error": "0.5"}]},
        {"evaluations": [{"loss": 1.0, "top1_error": 0.5, "f1": "1"}]},
        {"evaluations": [{"loss": 1.0, "top1_error": 0.5, "f1\x1b[31m": 1}]},
        {"evaluations": [{"loss": 1.0, "top1_error": 0.5, "others": {"f1": 1.0}}]},
        {"evaluations": [{"loss": 1.0, "top1_error": 0.5, **{f"m{i}": 1.0 for i in range(101)}}]},
        {"evaluation": [1.0, 0.5, 0.5]},
        {"seed": "0"},
        {"seed": True},
        {"precision": "float16"},
        {"data": 1},
        {"classes": "ab"},
        {"classes": [1]},
        {"micro_batch": 0},
        {"stop": None},
        {"statistics": 1},
    ],
    ids=str,
)
def test_what_no_trainer_writes_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"state\.json: {next(iter(change))}"):
        read(tmp_path, {**FULL.as_json(), **change})


@pytest.mark.parametrize("content", [[], None, 7, "x", {}])
def test_other_json_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(ValueError, match=r"state\.json: "):
        read(tmp_path, content)


STEP = StepLine(step=3, epoch=1, loss=2.0, learning_rate=0.1, images_per_second=9.5, data_wait=0.25)


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (
            STEP,
            '{"step": 3, "epoch": 1, "loss": 2.0, "learning_rate": 0.1, "images_per_second": 9.5, '
            '"data_wait": 0.25}',
        ),
        (
            EvaluationLine(8, 1, SCORES),
            '{"step": 8, "epoch": 1, "evaluation": {"loss": 1.5, "top1_error": 0.5, "top5_error": 0.25}}',
        ),
        (
            EvaluationLine(8, 1, Evaluation(1.5, 0.5, others={"f1": 0.75, "top3_error": 0.125})),
            '{"step": 8, "epoch": 1, "evaluation": {"loss": 1.5, "top1_error": 0.5, "f1": 0.75, '
            '"top3_error": 0.125}}',
        ),
        (
            StopLine(4, 1, "nan", ("7", "cat.png")),
            '{"step": 4, "epoch": 1, "stopped": "nan", "samples": ["7", "cat.png"]}',
        ),
    ],
)
def test_a_line_is_written_as_ever_and_read_again(line: Line, written: str) -> None:
    assert json.dumps(line.as_json()) == written
    assert line_of(written.encode()) == line


ABOUT = {"step": 8, "epoch": 1}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"step": 8}, Line(8, 0)),
        ({**ABOUT, "news": 1}, Line(8, 1)),
        ({**ABOUT, "loss": "x", "learning_rate": 0.1, "images_per_second": 1.0}, Line(8, 1)),
        ({**ABOUT, "loss": 1.0}, Line(8, 1)),
        ({**STEP.as_json(), "news": "x"}, STEP),
        ({**ABOUT, "evaluation": {"loss": 1.4}}, EvaluationLine(8, 1, None)),
        ({**ABOUT, "evaluation": []}, EvaluationLine(8, 1, None)),
        (
            {**ABOUT, "evaluation": {"loss": 1, "top1_error": 0.5, "f1": "x", "\x1b[31m": 1, "later": [1]}},
            EvaluationLine(8, 1, Evaluation(1.0, 0.5)),
        ),
        (
            {**ABOUT, "evaluation": {**{f"m{i}": 0.25 for i in range(200)}, "loss": 1, "top1_error": 0.5}},
            EvaluationLine(8, 1, Evaluation(1.0, 0.5, others={f"m{i}": 0.25 for i in range(100)})),
        ),
        ({**ABOUT, "evaluation": {**SCORES.as_json(), "loss": 10**400}}, None),
        ({**ABOUT, "stopped": "nan"}, StopLine(8, 1, "nan")),
        ({**ABOUT, "stopped": 1, "samples": 7}, StopLine(8, 1, "1")),
    ],
)
def test_a_line_that_is_not_quite_one_tells_what_it_can(content: dict[str, Any], line: Line | None) -> None:
    expected = line or EvaluationLine(8, 1, replace(SCORES, loss=math.inf))
    assert line_of(json.dumps(content).encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"7", b"[]", b"{}", b"[" * 99999, b'{"step": 1', b"\xff"),
        *(b'{"step": "1"}', b'{"step": true}', b'{"step": 1.0}', b'{"step": -1}'),
        *(b'{"step": 1000000000000000}', b'{"step": 1, "epoch": -1}'),
    ],
)
def test_what_does_not_say_its_step_is_none(text: bytes) -> None:
    assert line_of(text) is None


def test_an_older_step_without_the_wait_for_data_is_a_step() -> None:
    content = STEP.as_json()
    del content["data_wait"]
    line = line_of(json.dumps(content).encode())
    assert isinstance(line, StepLine)
    assert (line.loss, math.isnan(line.data_wait)) == (2.0, True)
