"""A run as it was left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet.runs.checkpoint import Checkpoint
from specnet.runs.stored_spec import StoredSpec

NEW: Mapping[str, Any] = {"seed": 0, "precision": "float32", "data": None}
"""What a run is trained with unless it was said otherwise."""


@dataclass(frozen=True)
class Past:
    """A run as it was left. There is no checkpoint if it stopped before its first."""

    kept: StoredSpec
    checkpoint: Checkpoint | None

    @property
    def known(self) -> dict[str, Any]:
        """Seed, precision and data of the run, and all else that its checkpoint says."""
        said = self.checkpoint.progress if self.checkpoint else self.kept.options
        own = self.kept.spec.data
        return {**NEW, **said, "data": said.get("data") or (own.kind if own else None)}

    @property
    def has_said(self) -> bool:
        """Whether seed and precision are the run's, and not what they are where nobody says any."""
        return self.checkpoint is not None or bool(self.kept.options)

    @property
    def step(self) -> int:
        return self.checkpoint.step if self.checkpoint else 0
