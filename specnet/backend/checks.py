"""Whether arrays fit a plan, asked before a backend takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.diagnostics.errors import UsageError
from specnet.numerics.randomness import Array
from specnet.plans.plan import Plan
from specnet.text import describe


def check_state(wanted: Mapping[str, Sequence[int]], state: Mapping[str, Array]) -> None:
    """Raise `UsageError` unless `state` has exactly the wanted names and shapes."""
    missing = [name for name in wanted if name not in state]
    extra = [name for name in state if name not in wanted]
    if missing or extra:
        what = f"'{missing[0]}' is missing" if missing else f"'{extra[0]}' is not in the network"
        raise UsageError(f"the state does not fit the network: {what}", "was it made from another spec?")
    for name, shape in wanted.items():
        if tuple(state[name].shape) != tuple(shape):
            got = describe(state[name].shape)
            message = f"the state does not fit the network: '{name}' is {got}, not {describe(tuple(shape))}"
            raise UsageError(message, "was it made from another spec?")


def check_inputs(plan: Plan, inputs: Mapping[str, Array]) -> None:
    """Raise `UsageError` unless there is one batch of the right shape for every input of the plan."""
    for name, shape in plan.inputs.items():
        if name not in inputs:
            raise UsageError(f"there are no images for the input '{name}'")
        got = tuple(inputs[name].shape[1:])
        if got != shape:
            raise UsageError(
                f"the input '{name}' takes {describe(shape)}, and the images are {describe(got)}"
            )
