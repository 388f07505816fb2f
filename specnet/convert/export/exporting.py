"""A spec or a run -> a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from specnet.backend.protocol import State
from specnet.convert.weights.of_run import is_run, network_of, run_of, saved_in
from specnet.diagnostics.errors import UsageError
from specnet.network.network import Network, examine
from specnet.plans import plan as plans
from specnet.plans.initial_values import initial_state
from specnet.runs.stored_spec import as_text
from specnet.schema.arguments import public
from specnet.spec.spec import Source, Spec
from specnet.storage import atomic
from specnet.text import one_line

Target = Literal["onnx"]
TARGETS: tuple[Target, ...] = ("onnx",)
SUFFIXES: dict[str, Target] = {".onnx": "onnx"}


@public()
def export_model(
    source: Source, output: str | Path, *, to: Target | None = None, seed: int = 0, text: str | None = None
) -> Network:
    """Write a network with its parameters as a model of another program, and return it.

    `source` is a run or one of its checkpoints, with the trained values, or a spec with the initial ones of
    `seed`. The format is that of the file's suffix unless `to` names it: `onnx` is a graph for one device
    that computes what the network does when it evaluates, for any number of images at a time. The spec is in
    the file, as `text` if that is given. Raises `UsageError` for what the format cannot say.
    """
    output = Path(output)
    target = to or SUFFIXES.get(output.suffix.lower())
    if target is None:
        known = ", ".join(f"{name} (FILE{suffix})" for suffix, name in SUFFIXES.items())
        raise UsageError(
            f"the name '{one_line(output.name)}' does not say which format is meant", f"known: {known}"
        )
    network, state = _with_values(source, seed)
    from specnet.convert.export.onnx.writer import onnx_bytes

    data = onnx_bytes(network, state, as_text(network.spec) if text is None else text)
    try:
        atomic.replace(output, data)
    except OSError as error:
        raise UsageError(f"cannot write {one_line(str(output))}: {error.strerror or error}") from None
    return network


def _with_values(source: Source, seed: int) -> tuple[Network, State]:
    """The network that is meant, and its parameters."""
    if isinstance(source, str | Path) and is_run(run_of(Path(source))):
        path = Path(source)
        return network_of(path), saved_in(path).weights
    network = examine(source).valid()
    return network, initial_state(plans.make(network), seed)


def is_of_run(source: Source) -> bool:
    """Whether a source means a run, or a checkpoint of one."""
    return not isinstance(source, Spec) and isinstance(source, str | Path) and is_run(run_of(Path(source)))
