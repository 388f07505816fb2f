"""A file of tensors -> a run directory with a checkpoint of step 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from specnet.backend import slots
from specnet.backend.protocol import Precision, State, storage
from specnet.convert.weights import mapping as mappings
from specnet.convert.weights.files import open_tensors
from specnet.convert.weights.flattening import Flattening
from specnet.convert.weights.layouts import from_keras
from specnet.convert.weights.mapping import Constants
from specnet.convert.weights.matching import Matched, match
from specnet.convert.weights.names import Entry
from specnet.convert.weights.tensor_file import TensorFile
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network.network import Network, examine
from specnet.numerics.randomness import Array
from specnet.plans import plan as plans
from specnet.plans.plan import Plan
from specnet.plans.seeds import seed_of
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import RunProgress
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec
from specnet.text import plural


@dataclass(frozen=True)
class Imported:
    """What came out of a file: how many of its tensors are which parameters, in which precision.

    `implied` are parameters that the file lacks because its batch norms do without, and their values.
    `reordered` are tensors whose channels were put in the order of the spec's groups.
    """

    run_dir: Path
    tensors: int
    parameters: int
    values: int
    precision: Precision
    implied: Constants
    reordered: list[str]


def import_weights(
    source: Network | Spec | str | Path | Mapping[str, Any],
    file: str | Path,
    run_dir: str | Path,
    *,
    mapping: str | Path | None = None,
    precision: Precision | None = None,
    seed: int = 0,
    data: str | None = None,
) -> Imported:
    """Make a run that starts from the weights in `file`, what its optimizer keeps zero.

    `source` is its spec, the path of one, a mapping, or a network that has been checked. `file` may be the
    folder of a run, whose newest checkpoint is taken, or that of a checkpoint.
    `mapping` is the path of a mapping file; `precision` is the widest in the file unless named; `seed` and
    `data` (KIND or KIND:PATH) are kept for `train --resume` and `evaluate`. Nothing is written unless
    everything fits. Raises `SpecError` with all diagnostics about the mapping and the tensors, `UsageError`
    for a file that cannot be read and `RunError` for a directory that holds a run already.
    """
    seed = seed_of(seed)
    network = source if isinstance(source, Network) else examine(source).valid()
    spec, plan = network.spec, plans.make(network)
    said = mappings.NOTHING if mapping is None else mappings.read(mapping)
    run = RunDirectory(Path(run_dir))
    run.check_unused()
    with open_tensors(Path(file)) as opened:
        _check_order(spec, opened, file)
        matched = match(plan, opened, said)
        wide = any(opened.tensors[entry.tensor].dtype == "float64" for entry in matched.entries)
        chosen: Precision = precision or ("float64" if wide else "float32")
        state = _state(opened, matched, plan, chosen)
    kept = slots.zeros(plan, storage(chosen))
    progress = RunProgress(seed=seed, precision=chosen, data=data, step=0, evaluations=())
    run.hold(make=True)
    try:
        run.check_unused()
        # The checkpoint comes first: a run without one would start from random weights.
        run.save(Checkpoint(state, kept, progress))
        run.start(spec)
    finally:
        run.release()
    size = sum(values.size for values in state.values())
    moved = [entry.tensor for entry in matched.entries if matched.joining.moves(entry)]
    return Imported(run.path, len(matched.entries), len(state), size, chosen, matched.implied, moved)


def _check_order(spec: Spec, opened: TensorFile, file: str | Path) -> None:
    """A layer that crosses groups reads their shares in group order, so the order is part of its weights."""
    theirs = [group for group in opened.groups if group in spec.groups]
    ours = [group for group in spec.groups if group in theirs]
    if theirs != ours:
        message = f"{file} was saved from a spec with the groups {', '.join(theirs)}, in this order"
        raise UsageError(message, f"write groups: [{', '.join(theirs)}]; shares are read in group order")


def _state(file: TensorFile, matched: Matched, plan: Plan, precision: Precision) -> State:
    """The parameters by canonical name, in the plan's order. Raises `SpecError` if one is not finite."""
    flattening = Flattening(plan, matched.entries, matched.joining)
    constants = matched.named | matched.implied
    state: State = {
        p.name: np.full(p.shape, constants[p.name], storage(precision))
        for p in plan.parameters
        if p.name in constants
    }
    diagnostics: list[Diagnostic] = []
    for entry in matched.entries:
        values = file.read(entry.tensor)
        wrong = _not_finite(entry, values, precision)
        if wrong is not None:
            diagnostics.append(wrong)
            continue
        if file.layout == "keras":
            order = flattening.order(entry, own=file.tensors[entry.tensor].own)
            assert order is not None
            values = from_keras(values, entry, order)
        else:
            values = values.reshape(entry.shape)
        values = matched.joining.into(entry, values)
        ends = np.cumsum([shape[0] for shape in entry.shapes])
        for name, share in zip(entry.parameters, np.split(values, ends[:-1]), strict=True):
            state[name] = np.array(share, dtype=storage(precision), order="C")
    if diagnostics:
        raise SpecError(diagnostics)
    return {p.name: state[p.name] for p in plan.parameters}


def _not_finite(entry: Entry, values: Array, precision: Precision) -> Diagnostic | None:
    """A diagnostic if there are infinite values, or such that the precision would make infinite."""
    wrong = values.size - int(np.count_nonzero(np.abs(values) <= np.finfo(storage(precision)).max))
    if not wrong:
        return None
    message = (
        f"'{entry.tensor}' has {plural(wrong, 'value')} that {storage(precision)} cannot hold, or no number"
    )
    return rules.UNFIT_VALUES.at(entry.place, message, "were these weights saved from a run that diverged?")
