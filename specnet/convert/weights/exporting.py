"""A run, or one of its checkpoints -> a file of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import save

from specnet.backend.protocol import State, find
from specnet.convert.weights import mapping as mappings
from specnet.convert.weights import prefixes
from specnet.convert.weights.joining import Joining
from specnet.convert.weights.mapping import Mapping
from specnet.convert.weights.matching import unlike
from specnet.convert.weights.modules import Modules
from specnet.convert.weights.names import Entry, ParameterNames
from specnet.convert.weights.of_run import is_run, network_of, run_of, saved_in
from specnet.convert.weights.safetensors_file import GROUPS
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network.network import Network
from specnet.plans import plan as plans
from specnet.plans.operations import parameter_name
from specnet.plans.placement import place
from specnet.runs.checkpoint import Checkpoint
from specnet.storage import atomic

Format = Literal["safetensors", "torch", "keras"]
FORMATS: tuple[Format, ...] = ("safetensors", "torch", "keras")
KERAS_SUFFIX = ".weights.h5"
NAMES = f"FILE.safetensors or FILE{KERAS_SUFFIX}"
HDF5_OBJECT = 2**14
"""Bytes that HDF5 needs beside the values of a variable, at the most, for its names and trees."""
PICKLE = "a pickle", "torch.save(safetensors.torch.load_file('FILE.safetensors'), 'FILE.pt') makes one of it"
FULL_KERAS = "a whole Keras model", f"load FILE{KERAS_SUFFIX} into the native Keras model, and save that"
OTHERS = {
    ".onnx": ("ONNX", "load FILE.safetensors into the native PyTorch model, and torch.onnx.export writes it"),
    ".pt": PICKLE,
    ".pth": PICKLE,
    ".ckpt": PICKLE,
    ".pkl": PICKLE,
    ".keras": FULL_KERAS,
    ".h5": FULL_KERAS,
    ".hdf5": FULL_KERAS,
    ".npz": ("NumPy's archives", "numpy.savez('FILE', **safetensors.numpy.load_file('FILE.safetensors'))"),
}
"""What other suffixes mean, and the way there from a file that can be written."""


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
    meant = _meant(output)
    form = form or meant
    if form is None:
        message = f"the name '{output.name}' does not say which format is meant"
        raise UsageError(message, f"name {NAMES}, or add --format")
    if form != "keras" and meant == "keras":
        raise UsageError(f"'{output.name}' means Keras's format, not {form}", "name FILE.safetensors")
    _check_folder(output)
    source = Path(source)
    saved = saved_in(source)
    if form == "keras":
        if mapping is not None:
            hint = "export safetensors with --map, or load the native Keras model"
            raise UsageError("Keras files can be written for specnet's own Keras model only", hint)
        _save_keras(saved, network_of(source), output)
        return saved
    state = (
        saved.weights
        if mapping is None
        else _renamed(saved.weights, network_of(source), mappings.read(mapping))
    )
    groups = network_of(source).spec.groups if is_run(run_of(source)) else ()
    write_safetensors(state, output, groups, of_torch=form == "torch")
    return saved


def check_safetensors(output: Path) -> None:
    """Raise `UsageError` for the path of a file that is none of safetensors or cannot be written."""
    if _meant(output) != "safetensors":
        raise UsageError(f"'{output.name}' is no file of safetensors", "name FILE.safetensors")
    _check_folder(output)


def write_safetensors(state: State, output: Path, groups: Sequence[str], *, of_torch: bool = False) -> None:
    """Write a state under the names that it has. Raises `UsageError` if it cannot be written.

    `groups` are those of its network, in order; `of_torch` marks it as a PyTorch model's.
    """
    metadata = {"format": "pt"} if of_torch else {}
    metadata |= {GROUPS: ",".join(groups)} if groups else {}
    data = save({name: np.ascontiguousarray(values) for name, values in state.items()}, metadata)
    try:
        atomic.replace(output, data)
    except OSError as error:
        raise _unwritable(output, error.strerror or str(error)) from None


def _check_folder(output: Path) -> None:
    if not output.parent.is_dir():
        raise _unwritable(output, f"there is no directory {output.parent}")


def _meant(output: Path) -> Format | None:
    """The format that a file's name means, if it does. Raises `UsageError` for one that is not written."""
    if output.name.endswith(KERAS_SUFFIX):
        return "keras"
    if output.suffix == ".safetensors":
        return "safetensors"
    if output.suffix.lower() in OTHERS:
        what, way = OTHERS[output.suffix.lower()]
        raise UsageError(
            f"'{output.name}' means {what}, which specnet does not write", f"name {NAMES}; {way}"
        )
    return None


def _renamed(state: State, network: Network, said: Mapping) -> State:
    """The state under the names of a hand-written PyTorch model; what is not mentioned keeps its own.

    All names get the mapping's prefix. Its constants have no place in the other model and are left out.
    Raises `UsageError` if training has changed one of them.
    """
    plan = plans.make(network)
    names = ParameterNames(plan)
    constants, diagnostics = said.constants(names)
    entries, more = said.entries(names, Modules("torch", []), constants)
    if diagnostics or more:
        raise SpecError([*diagnostics, *more])
    for name, value in constants.items():
        if not np.all(state[name] == np.asarray(value, state[name].dtype)):
            message = (
                f"'{name}' is no longer {value:g} everywhere, and the mapping's model has no place for it"
            )
            raise UsageError(
                message, "take it out of the mapping's constants, and give the model that parameter"
            )
    mapped = {name for entry in entries for name in entry.parameters}
    operations = {parameter_name(op, role): (op, role) for op in plan.computes for role in op.weights}
    rest = [name for name in state if name not in mapped and name not in constants]
    entries += [Entry(name, (operations[name][0],), operations[name][1]) for name in rest]
    joining = Joining(plan, entries, said.contents.concat)
    if joining.clashes:
        raise SpecError(unlike(joining))
    prefix = prefixes.written(said.contents.prefix or "", "torch")
    renamed: State = {}
    for entry in entries:
        shares = [state[name] for name in entry.parameters]
        values = np.concatenate(shares) if len(shares) > 1 else shares[0]
        renamed[prefix + entry.tensor.removeprefix(prefix)] = joining.out_of(entry, values)
    return renamed


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
