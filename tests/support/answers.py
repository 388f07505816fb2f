"""What a network answers for a batch of images, by PyTorch in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from specnet.backend import protocol as backends
from specnet.network.network import Network
from specnet.plans import plan as plans
from specnet.plans.placement import place


def answers(network: Network, state: Mapping[str, Any], images: Any) -> list[Any]:
    """The outputs of a network, in order, from a whole state and one batch, evaluating."""
    plan, backend = plans.make(network), backends.find("torch")
    placement = place(plan.groups, dict.fromkeys(plan.groups, "cpu"), backend.devices())
    executable = backend.compile(plan, placement, "float64")
    executable.load_state({name: np.asarray(values, np.float64) for name, values in state.items()})
    made = executable.forward(dict.fromkeys(plan.inputs, np.asarray(images, np.float64)))
    return [made[name] for name in plan.outputs]
