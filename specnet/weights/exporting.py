"""A run, or one of its checkpoints -> a file of tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import save

from specnet import plan as plans
from specnet.backend import State, find
from specnet.errors import RunError, SpecError, UsageError
from specnet.network import Network, analyse
from specnet.placement import place
from specnet.storage import atomic
from specnet.training import checkpoint
from specnet.training.checkpoint import Checkpoint
from specnet.training.run_directory import RunDirectory
from specnet.weights import mapping as mappings
from specnet.weights.files import GROUPS
from specnet.weights.mapping import Mapping
from specnet.weights.names import Names

Format = Literal["safetensors", "torch", "keras"]
FORMATS: tuple[Format, ...] = ("safetensors", "torch", "keras")
KERAS_SUFFIX = ".weights.h5"
HDF5_OBJECT = 2**14
"""Bytes that HDF5 needs beside the values of a variable, at the most, for its names and trees."""


def export_weights(
    source: str | Path,
    output: str | Path,
    *,
    form: Format | None = None,
    mapping: str | Path | None = None,
) -> Checkpoint:
    """Write the weights of a run's newest checkpoint, or of one checkpoint's folder, to a file.

    The format follows from the file's suffix unless `form` names it. `torch` is a state_dict of the native
    PyTorch model: the canonical names, too, or with `mapping` the names of a hand-written model. `keras` is
    what the native Keras model's `save_weights` writes, and needs TensorFlow. Returns the checkpoint.
    """
    output = Path(output)
    form = form or _format(output)
    if not output.parent.is_dir():
        raise _unwritable(output, f"there is no directory {output.parent}")
    saved, network = _open(Path(source))
    if form == "keras":
        if mapping is not None:
            hint = "export safetensors with --map, or load the native Keras model"
            raise UsageError("Keras files can be written for specnet's own Keras model only", hint)
        _save_keras(saved, network(), output)
        return saved
    state = saved.weights if mapping is None else _renamed(saved.weights, network(), mappings.read(mapping))
    metadata = {"format": "pt"} if form == "torch" else {}
    if _is_run(_run_of(Path(source))):
        metadata[GROUPS] = ",".join(network().spec.groups)
    data = save({name: np.ascontiguousarray(values) for name, values in state.items()}, metadata)
    try:
        atomic.replace(output, data)
    except OSError as error:
        raise _unwritable(output, error.strerror or str(error)) from None
    return saved


def _format(output: Path) -> Format:
    if output.name.endswith(KERAS_SUFFIX):
        return "keras"
    if output.suffix == ".safetensors":
        return "safetensors"
    message = f"the name '{output.name}' does not say which format is meant"
    raise UsageError(message, f"name FILE.safetensors or FILE{KERAS_SUFFIX}, or add --format")


def _open(path: Path) -> tuple[Checkpoint, Callable[[], Network]]:
    """A checkpoint, and how to get the network that it is of."""
    run = _run_of(path)
    if run != path:
        return checkpoint.read(path), lambda: _network(run)
    return RunDirectory(path).newest() if _is_run(path) else _nothing(path), lambda: _network(path)


def _run_of(path: Path) -> Path:
    """The run that a path means: itself, or what a checkpoint's folder lies in."""
    return path.resolve().parent.parent if (path / "manifest.json").is_file() else path


def _is_run(path: Path) -> bool:
    return (path / "spec.yaml").is_file()


def _nothing(path: Path) -> Checkpoint:
    hint = "name a run directory, or a folder checkpoints/step-NNNNNNNN in one"
    raise RunError(f"{path} is neither a run nor a checkpoint", hint)


def _network(run: Path) -> Network:
    if not _is_run(run):
        hint = "put the checkpoint back into its run, or export plain safetensors"
        raise RunError(f"{run} holds no spec, and without it the checkpoint's network is not known", hint)
    return analyse(RunDirectory(run).spec())


def _renamed(state: State, network: Network, said: Mapping) -> State:
    """The state under the names of a hand-written PyTorch model; what is not mentioned keeps its own."""
    plan = plans.make(network)
    entries, problems = said.entries(Names(plan), "torch")
    if problems:
        raise SpecError(problems)
    renamed: State = {}
    done: set[str] = set()
    for entry in entries:
        shares = [state[name] for name in entry.parameters]
        renamed[entry.tensor] = np.concatenate(shares) if len(shares) > 1 else shares[0]
        done.update(entry.parameters)
    return {**renamed, **{name: values for name, values in state.items() if name not in done}}


def _save_keras(saved: Checkpoint, network: Network, output: Path) -> None:
    if not output.name.endswith(KERAS_SUFFIX):
        raise UsageError(f"Keras's weights files end in {KERAS_SUFFIX}", f"-o FILE{KERAS_SUFFIX}")
    wide = any(values.dtype == np.float64 for values in saved.weights.values())
    plan, backend = plans.make(network), find("tensorflow")
    placement = place(plan.groups, "cpu", backend.devices())
    executable = backend.compile(plan, placement, "float64" if wide else "float32")
    executable.load_state(saved.weights)
    room = sum(values.nbytes + HDF5_OBJECT for values in saved.weights.values())
    try:
        with atomic.made_beside(output, room) as beside:
            executable.model.save_weights(beside)
    except OSError as error:
        raise _unwritable(output, error.strerror or str(error)) from None


def _unwritable(output: Path, reason: str) -> UsageError:
    hint = "name a file in a directory that exists and may be written to"
    return UsageError(f"cannot write {output}: {reason}", hint)
