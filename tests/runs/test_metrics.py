"""`metrics.jsonl` is cut back to a checkpoint, whatever a crash has left at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.runs import metrics
from specnet.storage.folder import Folder

STEP_1 = '{"step": 1, "loss": 2.0}\n'
STEP_2 = '{"step": 2, "loss": 1.5}\n'
EVALUATED = '{"step": 2, "evaluation": {"loss": 1.4}}\n'
STEP_3 = '{"step": 3, "loss": 1.0}\n'


@pytest.mark.parametrize(
    ("text", "step", "evaluated", "left"),
    [
        (STEP_1 + STEP_2 + STEP_3, 2, True, STEP_1 + STEP_2),
        (STEP_1 + STEP_2 + EVALUATED + STEP_3, 2, True, STEP_1 + STEP_2 + EVALUATED),
        (STEP_1 + STEP_2 + EVALUATED + STEP_3, 2, False, STEP_1 + STEP_2),
        (STEP_1 + STEP_2[:-9], 2, True, STEP_1),
        (STEP_1 + STEP_2[:-1], 2, True, STEP_1),
        (
            STEP_1 + "\0\0\0\0\n" + "[3]\n" + '{"step": "x"}\n' + "[" * 9999 + "\n" + STEP_2,
            2,
            True,
            STEP_1 + STEP_2,
        ),
        (STEP_1, 0, False, ""),
        ("", 5, True, ""),
    ],
)
def test_what_belongs_to_a_checkpoint_stays(
    tmp_path: Path, text: str, step: int, evaluated: bool, left: str
) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(text)
    with Folder.opened(tmp_path) as folder:
        metrics.cut(folder, step, evaluated=evaluated)
    assert path.read_text() == left
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_file_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    with Folder.opened(tmp_path) as folder:
        metrics.cut(folder, 3, evaluated=False)
    assert (tmp_path / "metrics.jsonl").read_bytes() == b""
