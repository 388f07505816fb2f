"""What became of a run step by step, as data for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from specnet.diagnostics.errors import UsageError
from specnet.runs.records import EvaluationLine, Line, StepLine


class Records(list[dict[str, Any]]):
    """A record for each step: `step` and `epoch`, counted from 1, `loss`, `learning_rate`,
    `images_per_second`, `data_wait` in seconds, and `top1_error` of its batch where the backend tells it.
    Where a step was followed by one, `evaluation` has its figures.
    """

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a row for each record. The figures of an evaluation are columns of their
        own, `evaluation.loss` and so on.

        Raises `UsageError` where pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError as error:
            message = "a table of the history is made by pandas, which is not installed"
            raise UsageError(message, "pip install pandas") from error
        return pandas.DataFrame([_flat(record) for record in self])


def step_records(lines: Iterable[Line]) -> Records:
    """The records that the lines of a `metrics.jsonl` tell."""
    records = Records()
    for line in lines:
        if isinstance(line, StepLine):
            records.append(line.as_json())
        elif isinstance(line, EvaluationLine) and line.evaluation is not None:
            if not records or records[-1]["step"] != line.step:
                records.append({"step": line.step, "epoch": line.epoch})
            records[-1]["evaluation"] = line.evaluation.as_json()
    return records


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, value in record.items():
        inner = value.items() if isinstance(value, dict) else ()
        columns |= {f"{name}.{key}": part for key, part in inner} or {name: value}
    return columns
