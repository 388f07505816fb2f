"""A run as it was left."""

from __future__ import annotations

from dataclasses import dataclass, replace

from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import RunProgress
from specnet.runs.stored_spec import StoredSpec

NEW = RunProgress(step=0, evaluations=())
"""How far a new run is, and what it is trained with unless it is said otherwise."""


@dataclass(frozen=True)
class SavedRun:
    """A run as it was left. There is no checkpoint if it stopped before its first."""

    stored: StoredSpec
    checkpoint: Checkpoint | None

    @property
    def progress(self) -> RunProgress:
        """How far the run is, and what it is trained with; its data is named if anything names it."""
        said = self.checkpoint.progress if self.checkpoint else self._options()
        own = self.stored.spec.data
        return replace(said, data=said.data or (own.kind if own else None))

    def _options(self) -> RunProgress:
        """What a run without a checkpoint is trained with."""
        names = ("seed", "precision", "data", "micro_batch")
        said = {name: self.stored.options.get(name) for name in names}
        return replace(NEW, **{name: value for name, value in said.items() if value is not None})

    @property
    def has_said(self) -> bool:
        """Whether seed and precision are the run's, and not what they are where nobody says any."""
        return self.checkpoint is not None or bool(self.stored.options)

    @property
    def step(self) -> int:
        return self.checkpoint.step if self.checkpoint else 0
