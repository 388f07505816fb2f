"""What a run is trained with and its spec has no word for: backend, seed and the like.

They are a comment line of the run's `spec.yaml`, as JSON. What was left open is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MARK = "# trained with "


def as_line(options: Mapping[str, Any]) -> str:
    """The line; nothing for no options."""
    return f"{MARK}{json.dumps(dict(options))}\n" if options else ""


def in_text(text: str) -> dict[str, Any]:
    """The options in a run's `spec.yaml`; none if it does not tell any."""
    for line in text.splitlines():
        if line.startswith(MARK):
            try:
                options: dict[str, Any] = json.loads(line.removeprefix(MARK))
                _Options.model_validate(options)
            except (ValueError, RecursionError):
                return {}
            return options
    return {}


class _Options(BaseModel):
    """What a trainer writes; a run may come from a stranger."""

    model_config = ConfigDict(strict=True, extra="allow")

    backend: str | None = None
    devices: str | dict[str, str] | None = None
    seed: int | None = None
    precision: str | None = None
    data: str | None = None
    weights: dict[str, Any] | None = None
    steps: Annotated[int, Field(ge=1, lt=10**15)] | None = None
    micro_batch: Annotated[int, Field(ge=1, lt=10**15)] | None = None
