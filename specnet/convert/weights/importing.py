"""A file of tensors -> a run directory with a checkpoint of step 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specnet.backend import slots
from specnet.backend.protocol import Precision, State, storage
from specnet.convert.weights import mapping as mappings
from specnet.convert.weights.account import Account
from specnet.convert.weights.files import open_tensors
from specnet.convert.weights.mapping import Constants
from specnet.convert.weights.matching import match
from specnet.convert.weights.starting import Start, start
from specnet.convert.weights.values import check_order, values_of, widest
from specnet.network.network import Network, examine
from specnet.plans import plan as plans
from specnet.plans.seeds import seed_of
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.records import RunProgress
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec


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
    account: Account | None = None
    """What became of every parameter and every tensor, of a file that need not fit in full."""


def import_weights(
    source: Network | Spec | str | Path | Mapping[str, Any],
    file: str | Path,
    run_dir: str | Path,
    *,
    mapping: str | Path | None = None,
    precision: Precision | None = None,
    seed: int = 0,
    data: str | None = None,
    partial: bool = False,
) -> Imported:
    """Make a run that starts from the weights in `file`, what its optimizer keeps zero.

    `source` is its spec, the path of one, a mapping, or a network that has been checked. `file` may be the
    folder of a run, whose newest checkpoint is taken, or that of a checkpoint.
    `mapping` is the path of a mapping file; `precision` is the widest in the file unless named; `seed` and
    `data` (KIND or KIND:PATH) are kept for `train --resume` and `evaluate`. Nothing is written unless
    everything fits; if `partial`, what fits is taken, the rest initialized, and of a run that is what `diff`
    counts. Raises `SpecError` with all diagnostics about the mapping and the tensors, `UsageError`
    for a file that cannot be read and `RunError` for a directory that holds a run already.
    """
    seed = seed_of(seed)
    network = source if isinstance(source, Network) else examine(source).valid()
    spec, plan = network.spec, plans.make(network)
    run = RunDirectory(Path(run_dir))
    run.check_unused()
    if partial:
        return _imported_partly(network, run, start(network, file, mapping, precision, seed), seed, data)
    said = mappings.NOTHING if mapping is None else mappings.read(mapping)
    with open_tensors(Path(file)) as opened:
        check_order(spec, opened, file)
        matched = match(plan, opened, said)
        chosen = precision or widest(opened, matched)
        state = values_of(opened, matched, plan, chosen)
    moved = [entry.tensor for entry in matched.entries if matched.joining.moves(entry)]
    write_run(run, network, state, chosen, seed, data)
    size = sum(values.size for values in state.values())
    return Imported(run.path, len(matched.entries), len(state), size, chosen, matched.implied, moved)


def _imported_partly(
    network: Network, run: RunDirectory, begun: Start, seed: int, data: str | None
) -> Imported:
    write_run(run, network, begun.state, begun.precision, seed, data)
    loaded = begun.account.loaded
    size = sum(begun.state[name].size for name in loaded)
    tensors = len(begun.tensors)
    return Imported(
        run.path, tensors, len(loaded), size, begun.precision, begun.implied, begun.reordered, begun.account
    )


def write_run(
    run: RunDirectory, network: Network, state: State, chosen: Precision, seed: int, data: str | None
) -> None:
    """A run that starts from a state."""
    kept = slots.zeros(plans.make(network), storage(chosen))
    progress = RunProgress(seed=seed, precision=chosen, data=data, step=0, evaluations=())
    run.hold(make=True)
    try:
        run.check_unused()
        # The checkpoint comes first: a run without one would start from random weights.
        run.save(Checkpoint(state, kept, progress))
        run.start(network.spec)
    finally:
        run.release()
