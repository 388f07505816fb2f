"""The values that a network starts from: those that a file or a run has, and initial ones for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from specnet.backend.protocol import Precision, State, storage
from specnet.convert.weights import mapping as mappings
from specnet.convert.weights.account import Account
from specnet.convert.weights.files import open_tensors
from specnet.convert.weights.mapping import Constants
from specnet.convert.weights.matching import match_partly
from specnet.convert.weights.values import check_order, values_of, widest
from specnet.diagnostics.errors import RunError, UsageError
from specnet.diffs.carrying import WeightMapping
from specnet.diffs.comparison import weight_mapping
from specnet.layers.base import Shape
from specnet.network.network import Network
from specnet.numerics.randomness import Array
from specnet.plans import plan as plans
from specnet.plans.initial_values import initial_value
from specnet.plans.plan import Plan
from specnet.text import describe


@dataclass(frozen=True)
class Start:
    """All values of a network's state, by canonical name, and where each comes from."""

    state: State
    account: Account
    precision: Precision
    tensors: frozenset[str]
    """The tensors that were used."""
    implied: Constants
    """Values of what a batch norm of the file does without, by parameter."""
    reordered: list[str]
    """Tensors whose channels were put in the order of the spec's groups."""
    carried: WeightMapping | None = None
    """Of a run, where every value comes from."""


def start(
    network: Network,
    source: str | Path,
    mapping: str | Path | None = None,
    precision: Precision | None = None,
    seed: int = 0,
) -> Start:
    """What of a file of tensors, a run or a checkpoint fits a network, and initial values for the rest.

    Of a run that is what `specnet diff` counts: layers and groups that are called otherwise in its spec are
    found. `mapping` is the path of a mapping file; with one a run's names are taken as they are. `precision`
    is the widest in the file unless named. Raises `UsageError` for what cannot be read or where nothing fits,
    `RunError` for a run without checkpoint and `SpecError` for what a mapping says that cannot be.
    """
    path = Path(source)
    if path.is_dir() and mapping is None:
        made = _of_run(network, path, precision, seed)
    else:
        made = _of_file(network, path, mapping, precision, seed)
    if not made.account.loaded:
        raise _nothing(made.account)
    return made


def _nothing(account: Account) -> UsageError:
    reasons = [f"{name}: {reason}" for name, reason in account.refused.items()][:3]
    shown = "".join(f"\n  {reason}" for reason in reasons)
    message = f"nothing of {account.source} fits the network, whose weights would all be initialized{shown}"
    return UsageError(
        message, "a mapping file names what is what: specnet weights import --partial --map MAP"
    )


def _of_run(network: Network, path: Path, precision: Precision | None, seed: int) -> Start:
    from specnet.convert.weights.of_run import network_of, run_of, saved_in

    saved, before, plan = saved_in(path), network_of(path), plans.make(network)
    _check_own(path, saved.weights, plans.make(before))
    found = weight_mapping(before, network)
    wide = any(str(values.dtype) == "float64" for values in saved.weights.values())
    chosen: Precision = precision or ("float64" if wide else "float32")
    loaded = {str(place): str(entry) for place, entry in found.entries.items()}
    shapes = {p.name: p.shape for p in plan.parameters}
    refused = {
        str(place): _why(str(origin), saved.weights[str(origin)].shape, shapes[str(place)])
        for place, origin in found.refused.items()
    }
    ignored = [name for name in saved.weights if name not in found.met]
    given = found.carried(saved.weights)
    account = Account.of(plan, f"{run_of(path)}, step {saved.step}", loaded, refused, ignored)
    used = frozenset(found.met)
    moved = [str(entry) for entry in found.entries.values() if entry.how in ("permuted", "joined")]
    return Start(_filled(plan, given, chosen, seed), account, chosen, used, {}, moved, found)


def _check_own(path: Path, weights: State, plan: Plan) -> None:
    """Raise `RunError` unless a run's weights are those of its own spec."""
    for p in plan.parameters:
        if p.name not in weights or weights[p.name].shape != p.shape:
            message = (
                f"the weights of {path} are not those of its spec: '{p.name}' is missing or has another shape"
            )
            raise RunError(message, "put the checkpoint back into its run, or export plain safetensors")


def _why(origin: str, theirs: Shape, ours: Shape) -> str:
    if theirs != ours:
        return f"'{origin}' is {describe(theirs)} there, and {describe(ours)} here"
    return f"'{origin}' is read in another way there"


def _of_file(
    network: Network, path: Path, mapping: str | Path | None, precision: Precision | None, seed: int
) -> Start:
    plan = plans.make(network)
    said = mappings.NOTHING if mapping is None else mappings.read(mapping)
    with open_tensors(path) as opened:
        check_order(network.spec, opened, path)
        partly = match_partly(plan, opened, said)
        matched = partly.matched
        chosen = precision or widest(opened, matched)
        given = values_of(opened, matched, plan, chosen)
    loaded = {name: entry.tensor for entry in matched.entries for name in entry.parameters}
    loaded |= {name: f"{value:g}" for name, value in (matched.named | matched.implied).items()}
    account = Account.of(plan, str(path), loaded, partly.refused, partly.ignored)
    moved = [entry.tensor for entry in matched.entries if matched.joining.moves(entry)]
    used = frozenset(entry.tensor for entry in matched.entries)
    return Start(_filled(plan, given, chosen, seed), account, chosen, used, matched.implied, moved)


def _filled(plan: Plan, given: Mapping[str, Array], precision: Precision, seed: int) -> State:
    """The given values, and initial ones for the rest, in the plan's order."""
    dtype = storage(precision)
    return {
        p.name: np.asarray(given[p.name] if p.name in given else initial_value(p, seed), dtype)
        for p in plan.parameters
    }
