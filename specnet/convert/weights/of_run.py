"""The weights that a run holds: its newest checkpoint's, or those of one checkpoint's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specnet.backend.protocol import State
from specnet.convert.weights.formats import READABLE
from specnet.convert.weights.tensor_file import Header, Layout
from specnet.diagnostics.errors import RunError, UsageError
from specnet.network.network import Network, analyse
from specnet.numerics.randomness import Array
from specnet.runs import checkpoint
from specnet.runs.checkpoint import Checkpoint
from specnet.runs.run_directory import RunDirectory


def saved_in(path: Path) -> Checkpoint:
    """The checkpoint that a path means. Raises `RunError` if it is neither a run nor a checkpoint."""
    if run_of(path) != path:
        return checkpoint.read(path)
    if not is_run(path):
        hint = "name a run directory, or a folder checkpoints/step-NNNNNNNN in one"
        raise RunError(f"{path} is neither a run nor a checkpoint", hint)
    return RunDirectory(path).newest()


def run_of(path: Path) -> Path:
    """The run that a path means: itself, or what a checkpoint's folder lies in."""
    return path.resolve().parent.parent if (path / "manifest.json").is_file() else path


def is_run(path: Path) -> bool:
    return (path / "spec.yaml").is_file()


def network_of(path: Path) -> Network:
    """The network whose weights they are. Raises `RunError` for a checkpoint that has left its run."""
    run = run_of(path)
    if not is_run(run):
        hint = "put the checkpoint back into its run, or export plain safetensors"
        raise RunError(f"{run} holds no spec, and without it the checkpoint's network is not known", hint)
    return analyse(RunDirectory(run).spec())


class RunFile:
    """The same as an open file of tensors. Shares are in the order of the groups of the run's spec."""

    layout: Layout = "torch"

    def __init__(self, path: Path) -> None:
        """Raises `UsageError` for any other folder."""
        if run_of(path) == path and not checkpoint.exist(path / "checkpoints"):
            hint = f"{READABLE}, the folder of a run, or one of a checkpoint in it"
            raise UsageError(f"cannot read {path}: it is a folder, and not of a run with a checkpoint", hint)
        self._state: State = saved_in(path).weights
        self.tensors: Mapping[str, Header] = {
            name: Header(v.shape, str(v.dtype)) for name, v in self._state.items()
        }
        self.groups = network_of(path).spec.groups

    def read(self, name: str) -> Array:
        return self._state[name]
