"""A run's weights -> those of another network, in a plain file or in a new run that starts from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from specnet.backend.protocol import Precision
from specnet.convert.weights import carrying_lines
from specnet.convert.weights.account import Account
from specnet.convert.weights.exporting import check_safetensors, write_safetensors
from specnet.convert.weights.importing import write_run
from specnet.convert.weights.of_run import saved_in
from specnet.convert.weights.starting import start
from specnet.diagnostics.errors import UsageError
from specnet.diffs.carrying import WeightMapping
from specnet.network.network import Network, examine
from specnet.plans.seeds import seed_of
from specnet.runs.run_directory import RunDirectory
from specnet.spec.spec import Spec


@dataclass(frozen=True)
class CarriedWeights:
    """What became of a run's weights in another network: `mapping` says it of every parameter."""

    mapping: WeightMapping
    account: Account

    def lines(self) -> list[str]:
        """For people."""
        own = carrying_lines.lines(self.mapping, self.account.refused)
        return [self.account.summary(), *own, *self.account.remarks()]

    def as_json(self) -> dict[str, Any]:
        """For programs; `weights` is what `diff --json` has under that key."""
        weights, same = self.mapping.as_json(), self.mapping.same_network
        return {"schema_version": 1, **self.account.as_json(), "weights": weights, "same_network": same}


def carry_weights(
    run: str | Path,
    source: Network | Spec | str | Path | Mapping[str, Any],
    output: str | Path | None = None,
    *,
    run_dir: str | Path | None = None,
    only_carried: bool = False,
    precision: Precision | None = None,
    seed: int = 0,
    data: str | None = None,
) -> CarriedWeights:
    """Put the weights of a run's newest checkpoint, or of one checkpoint's folder, into another network.

    `source` is its spec, the path of one, a mapping, or a network that has been checked. Values go where
    `specnet diff` says that they belong: to another name or group, in another order, cut and joined. The rest
    gets initial values from `seed`, or is left out of the file if `only_carried`. `output` is a file of
    safetensors under canonical names; `run_dir` a new run, for which `data` (KIND or KIND:PATH) is kept;
    with neither nothing is written. `precision` is float32, or float64 if the run's values are, unless named.
    Raises `UsageError` where nothing fits or a file cannot be written, and `RunError` for what is no run, or
    a directory that holds one already.
    """
    seed = seed_of(seed)
    if run_dir is None and data is not None:
        raise UsageError("--data is kept in a run", "name the run to make: --run-dir DIR")
    if run_dir is not None and output is not None:
        raise UsageError("a file or a run is made, not both", "leave out --output, or --run-dir")
    if run_dir is not None and only_carried:
        raise UsageError("a run needs all of its weights", "leave out --only-carried, or make a file")
    network = source if isinstance(source, Network) else examine(source).valid()
    made = RunDirectory(Path(run_dir)) if run_dir is not None else None
    if made:
        made.check_unused()
    if output is not None:
        check_safetensors(Path(output))
    if not Path(run).is_dir():
        saved_in(Path(run))  # which tells what is wrong with it
    begun = start(network, run, precision=precision, seed=seed)
    assert begun.carried is not None
    if made:
        write_run(made, network, begun.state, begun.precision, seed, data)
    elif output is not None:
        wanted = begun.account.loaded if only_carried else begun.state
        state = {name: begun.state[name] for name in wanted}
        write_safetensors(state, Path(output), network.spec.groups)
    account = replace(begun.account, frozen=()) if only_carried else begun.account
    return CarriedWeights(begun.carried, account)
