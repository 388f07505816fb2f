"""Random valid networks, a pure function of a seed, and random states and batches for them."""

from __future__ import annotations

from typing import Any

from specnet.testing.random_specs.growth import Growth, network_of
from specnet.testing.random_specs.recipes import random_recipe
from specnet.testing.random_specs.states import random_batch, random_masks, random_state

__all__ = ["network_of", "random_batch", "random_masks", "random_recipe", "random_spec", "random_state"]


def random_spec(seed: int) -> dict[str, Any]:
    """A valid spec as `specnet.load` takes it, ending in dense layers and a loss."""
    return Growth(seed).spec()
