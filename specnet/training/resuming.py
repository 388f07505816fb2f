"""Going on with a run: what it was left with, and which changes of its spec can still take effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet.document import written
from specnet.errors import RunError
from specnet.network import Network, analyse
from specnet.spec import Spec
from specnet.spec_diff import Change, differences
from specnet.training.checkpoint import Checkpoint
from specnet.training.kept_spec import KeptSpec
from specnet.training.names import Names
from specnet.training.opening import check_fits, with_data

WRITING = ("name", "training.loss.from", "layers")
"""Where two specs of one network may differ: they are written differently."""

FIXED = ("training.loss", "training.optimizer", "training.batch_size")
"""What a run's recipe keeps: saved velocities belong to an update rule, and steps are counted in batches."""

NEW: Mapping[str, Any] = {"seed": 0, "precision": "float32", "data": None}
"""What a run is trained with unless it was said otherwise."""


@dataclass(frozen=True)
class Past:
    """A run as it was left. There is no checkpoint if it stopped before its first."""

    kept: KeptSpec
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


@dataclass(frozen=True)
class Resumed:
    """What a run goes on from. `spec` is what it is trained with from now on, in the run's own names."""

    past: Past
    names: Names
    spec: Spec
    changes: Sequence[Change]
    """Those of the recipe that were asked for and allowed."""

    def recorded(self, spec: Spec, options: Mapping[str, Any]) -> KeptSpec:
        """The run's spec from now on, its options, and a line of history for each thing that changes."""
        kept = self.past.kept
        lines = [*_recipe_lines(self.changes), *_length(kept.spec, spec), *_option_lines(kept, options)]
        return KeptSpec(spec, [*kept.history, *(f"{self.past.step}: {line}" for line in lines)], options)


def resume(past: Past, network: Network, run_dir: Path, *, allow_changes: bool) -> Resumed:
    """A run that goes on as `network`, whose spec names the data that is used.

    The network may be written another way than the run's, in the long form say, and the number of epochs may
    differ. Raises `RunError` if anything else differs and is not allowed, or could not take effect. Reads
    only.
    """
    here = network.spec.data
    own = with_data(past.kept.spec, past.known["data"] or (here.kind if here else None))
    changes = [c for c in differences(own, network.spec) if not _is_remark(c.path)]
    recipe = [c for c in changes if c.path.partition(".")[0] != "layers" and c.path not in WRITING]
    fixed = [c for c in recipe if not _may_change(c.path, trained=past.checkpoint is not None)]
    possible = Names.between(analyse(own), network) is not None and not fixed
    if not possible or (recipe and not allow_changes):
        raise _changed(run_dir, changes, fixed, possible=possible)
    if past.checkpoint is not None:
        check_fits(past.checkpoint.weights, past.kept.spec)
    assert own.training is not None
    assert network.spec.training is not None
    training = network.spec.training.model_copy(update={"loss": own.training.loss})
    spec = own.model_copy(update={"training": training})
    # The run's names with the recipe that is recorded: initial values are drawn as it says.
    names = Names.between(analyse(spec), network)
    assert names is not None
    return Resumed(past, names, spec, recipe)


def _changed(
    run_dir: Path, changes: Sequence[Change], fixed: Sequence[Change], *, possible: bool
) -> RunError:
    shown = "".join(f"\n  {change}" for change in changes[:20])
    hint = "start a new run (--run-dir), or take these changes back"
    if possible:
        hint = f"--allow-changes goes on with the new recipe; or {hint}"
    elif fixed and _is_initial(fixed[0].path):
        why = "has no effect any more: this run goes on from the weights of a checkpoint"
        hint = f"'{fixed[0].path}' {why}; {hint}"
    elif fixed:
        hint = f"'{fixed[0].path}' cannot change within a run: {hint}"
    return RunError(f"the spec differs from that of the run in {run_dir}:{shown}", hint)


def _is_remark(path: str) -> bool:
    """Whether a difference at that path is none to the training: its length, or where values come from."""
    return path == "training.epochs" or path.partition(".")[0] == "assumed"


def _may_change(path: str, *, trained: bool) -> bool:
    """Whether a difference from the run's spec at that path is one of the recipe that takes effect."""
    if _is_initial(path):
        return not trained
    return path.startswith("training.") and path not in FIXED and not path.startswith("training.loss.")


def _is_initial(path: str) -> bool:
    """Whether what stands at that path says where weights start, and nothing else."""
    return path == "training.weights" or path.startswith("training.weights.")


def _recipe_lines(changes: Sequence[Change]) -> Iterator[str]:
    return (f"{c.path}: {_words(c.before)} -> {_words(c.after)}" for c in changes)


def _length(before: Spec, after: Spec) -> Iterator[str]:
    if before.training and after.training and before.training.epochs != after.training.epochs:
        yield f"training.epochs: {before.training.epochs} -> {after.training.epochs}"


def _option_lines(kept: KeptSpec, options: Mapping[str, Any]) -> Iterator[str]:
    """What is another than the run has said before; a run that has said nothing tells no changes."""
    for name in dict.fromkeys([*kept.options, *options]) if kept.options else ():
        before, after = kept.options.get(name), options.get(name)
        if before != after:
            yield f"--{name.replace('_', '-')}: {_words(before)} -> {_words(after)}"


def _words(value: Any) -> str:
    return "nothing" if value is None else written(value)
