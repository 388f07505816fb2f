"""The values of a file's tensors as those of a network's parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from specnet.backend.protocol import Precision, State, storage
from specnet.convert.weights.flattening import Flattening
from specnet.convert.weights.layouts import from_keras
from specnet.convert.weights.matching import Matched
from specnet.convert.weights.names import Entry
from specnet.convert.weights.tensor_file import TensorFile
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.numerics.randomness import Array
from specnet.plans.plan import Plan
from specnet.spec.spec import Spec
from specnet.text import plural


def widest(opened: TensorFile, matched: Matched) -> Precision:
    """float64 if any of the tensors that are used is, else float32."""
    wide = any(opened.tensors[entry.tensor].dtype == "float64" for entry in matched.entries)
    return "float64" if wide else "float32"


def check_order(spec: Spec, opened: TensorFile, file: str | Path) -> None:
    """Raise `UsageError` where a file's groups are in another order than the spec's.

    A layer that crosses groups reads their shares in group order, so the order is part of its weights.
    """
    theirs = [group for group in opened.groups if group in spec.groups]
    ours = [group for group in spec.groups if group in theirs]
    if theirs != ours:
        message = f"{file} was saved from a spec with the groups {', '.join(theirs)}, in this order"
        raise UsageError(message, f"write groups: [{', '.join(theirs)}]; shares are read in group order")


def values_of(file: TensorFile, matched: Matched, plan: Plan, precision: Precision) -> State:
    """The parameters that something fills, by canonical name, in the plan's order.

    Raises `SpecError` if one is not finite.
    """
    flattening = Flattening(plan, matched.every, matched.joining)
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
    return {p.name: state[p.name] for p in plan.parameters if p.name in state}


def _not_finite(entry: Entry, values: Array, precision: Precision) -> Diagnostic | None:
    """A diagnostic if there are infinite values, or such that the precision would make infinite."""
    wrong = values.size - int(np.count_nonzero(np.abs(values) <= np.finfo(storage(precision)).max))
    if not wrong:
        return None
    message = (
        f"'{entry.tensor}' has {plural(wrong, 'value')} that {storage(precision)} cannot hold, or no number"
    )
    return rules.UNFIT_VALUES.at(entry.place, message, "were these weights saved from a run that diverged?")
