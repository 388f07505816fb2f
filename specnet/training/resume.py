"""Going on with a run: what it was left with, and which changes of its spec can still take effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specnet.diagnostics.errors import RunError
from specnet.diffs.change import Change
from specnet.diffs.comparison import comparison
from specnet.network.network import Network, analyse
from specnet.plans import plan as plans
from specnet.plans.plan import Plan
from specnet.runs.naming import RunNaming
from specnet.runs.saved_run import SavedRun
from specnet.runs.stored_spec import StoredSpec
from specnet.spec.spec import Spec
from specnet.syntax.emit import written
from specnet.training.compile import check_fits
from specnet.training.open_data import with_data

FIXED = ("training.loss", "training.optimizer", "training.batch_size", "training.frozen")
"""What stays: slots belong to an update rule and to what is trained, and steps are counted in batches."""
RATES = "training.optimizer.rates"
"""What names layers, and so cannot change in a spec that names them otherwise than the run does."""


@dataclass(frozen=True)
class ResumedRun:
    """What a run goes on from. `spec` is what it is trained with from now on, in the run's own names."""

    saved: SavedRun
    naming: RunNaming
    spec: Spec
    changes: Sequence[Change]
    """Those of the recipe that were asked for and allowed."""

    def recorded(self, spec: Spec, options: Mapping[str, Any]) -> StoredSpec:
        """The run's spec from now on, its options, and a line of history for each thing that changes."""
        stored = self.saved.stored
        lines = [*_recipe_lines(self.changes), *_length(stored.spec, spec), *_option_lines(stored, options)]
        history = [*stored.history, *(f"{self.saved.step}: {line}" for line in lines)]
        return StoredSpec(spec, history, options)


def resume(
    saved: SavedRun, network: Network, plan: Plan, run_dir: Path, *, allow_changes: bool
) -> ResumedRun:
    """A run that goes on as `network`, which has that plan, and whose spec names the data that is used.

    The network may be written another way than the run's, in the long form say, and the number of epochs may
    differ. Raises `RunError` if anything else differs and is not allowed, or could not take effect. Reads
    only.
    """
    here = network.spec.data
    own = with_data(saved.stored.spec, saved.progress.data or (here.kind if here else None))
    alike = _is_written_alike(own, network.spec)
    run_network = network if alike and _freeze_alike(own, network.spec) else analyse(own)
    found = comparison(own, network.spec, run_network, network)
    changes = [c for c in found.changes if not _is_remark(c.path)]
    recipe = [
        c for c in changes if c.path.partition(".")[0] != "layers" and c.path not in _writing(network.spec)
    ]
    trained = saved.checkpoint is not None
    fixed = [
        c
        for c in recipe
        if not _may_change(c.path, trained=trained)
        or (trained and _keeps_others(c.path, own, network.spec))
        or (c.path == RATES and not alike)
    ]
    nodes = {} if alike else found.correspondence()
    if nodes is None or fixed or (recipe and not allow_changes):
        moved = any(entry.how != "same" for entry in found.weights.entries.values())
        elsewhere = nodes is None and found.weights.same_network and moved
        possible = nodes is not None and not fixed
        raise _changed(run_dir, changes, fixed, possible=possible, elsewhere=elsewhere)
    assert own.training is not None
    assert network.spec.training is not None
    kept = {"loss": own.training.loss, "frozen": own.training.frozen}
    training = network.spec.training.model_copy(update=kept)
    if not alike:
        rates = {"rates": own.training.optimizer.rates}
        training = training.model_copy(update={"optimizer": training.optimizer.model_copy(update=rates)})
    spec = own.model_copy(update={"training": training})
    # The run's names with the recipe that is recorded: initial values are drawn as it says.
    run_plan = plan if alike else plans.make(replace(run_network, spec=spec))
    if saved.checkpoint is not None:
        check_fits(saved.checkpoint.weights, run_plan)
    return ResumedRun(saved, RunNaming(run_plan, nodes), spec, recipe)


def _freeze_alike(run: Spec, here: Spec) -> bool:
    """Whether two recipes name the same layers to be kept as they are."""
    return (run.training and run.training.frozen) == (here.training and here.training.frozen)


def _is_written_alike(run: Spec, here: Spec) -> bool:
    """Whether two specs have the very same layers, so that the network of one is that of the other."""
    if run.training is None or here.training is None or run.training.loss != here.training.loss:
        return False
    return run.groups == here.groups and list(run.layers.items()) == list(here.layers.items())


def _changed(
    run_dir: Path, changes: Sequence[Change], fixed: Sequence[Change], *, possible: bool, elsewhere: bool
) -> RunError:
    """`possible` is a change that may be allowed; `elsewhere` says that the same network has its weights in
    other places."""
    shown = "".join(f"\n  {change}" for change in changes[:20])
    hint = "start a new run (--run-dir), or take these changes back"
    if possible:
        hint = f"--allow-changes goes on with the new recipe; or {hint}"
    elif fixed and _is_initial(fixed[0].path):
        why = "has no effect any more: this run goes on from the weights of a checkpoint"
        hint = f"'{fixed[0].path}' {why}; {hint}"
    elif fixed and fixed[0].path == "training.frozen":
        hint = f"a run keeps its frozen layers; --weights {run_dir} starts a new one from its weights"
    elif fixed:
        hint = f"'{fixed[0].path}' cannot change within a run: {hint}"
    elif elsewhere:
        carry = f"`specnet weights carry {run_dir} SPEC`"
        hint = f"its weights stand elsewhere here: {carry} says where, and makes a run of them; or {hint}"
    return RunError(f"the spec differs from that of the run in {run_dir}:{shown}", hint)


def _writing(spec: Spec) -> list[str]:
    """Where two specs of one network may differ: they are written differently."""
    read = spec.training.loss.sources if spec.training else ()
    return ["name", "layers", *(f"training.loss.{key}" for key in read)]


def _is_remark(path: str) -> bool:
    """Whether a difference at that path leaves the training alone: its length, or where values come from."""
    return path == "training.epochs" or path.partition(".")[0] == "assumed"


def _may_change(path: str, *, trained: bool) -> bool:
    """Whether a difference from the run's spec at that path is one of the recipe that takes effect."""
    if _is_initial(path):
        return not trained
    return path.startswith("training.") and path not in FIXED and not path.startswith("training.loss.")


def _keeps_others(path: str, before: Spec, after: Spec) -> bool:
    """Whether a difference at that path makes the optimizer keep other slots than a checkpoint has."""
    old, new = (spec.training.optimizer if spec.training else None for spec in (before, after))
    section, _, name = path.partition("training.optimizer.")
    if section or type(old) is not type(new) or old is None or name not in type(old).model_fields:
        return False
    return old.model_copy(update={name: getattr(new, name)}).kept != old.kept


def _is_initial(path: str) -> bool:
    """Whether what stands at that path says where weights start, and nothing else."""
    return path == "training.weights" or path.startswith("training.weights.")


def _recipe_lines(changes: Sequence[Change]) -> Iterator[str]:
    return (f"{c.path}: {_words(c.before)} -> {_words(c.after)}" for c in changes)


def _length(before: Spec, after: Spec) -> Iterator[str]:
    if before.training and after.training and before.training.epochs != after.training.epochs:
        yield f"training.epochs: {before.training.epochs} -> {after.training.epochs}"


def _option_lines(stored: StoredSpec, options: Mapping[str, Any]) -> Iterator[str]:
    """What is another than the run has said before; a run that has said nothing tells no changes."""
    for name in dict.fromkeys([*stored.options, *options]) if stored.options else ():
        before, after = stored.options.get(name), options.get(name)
        if before != after:
            yield f"--{name.replace('_', '-')}: {_words(before)} -> {_words(after)}"


def _words(value: Any) -> str:
    return "nothing" if value is None else written(value)
