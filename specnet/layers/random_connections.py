"""`random_connections`: a convolution whose filters read a few channels each, chosen at random."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.diagnostics import rules
from specnet.layers.base import LayerError, Shape, Weight
from specnet.layers.conv import Convolution
from specnet.schema.fields import LARGEST, Count
from specnet.text import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RandomConnections(Convolution):
    """A convolution of `connections` channels for each filter, weights (out, connections, height, width).

    Which ones is a pure function of `seed` and the sizes: every share of a layer draws alike from the
    channels that it reads. Filters of one of `groups` blocks read the same channels; without it each has its
    own. It is cuda-convnet's `randSparse` (`filterChannels`, `groups`), which also deals out whole
    permutations of the channels, so that all are read equally often as far as the numbers allow.
    """

    kind: Literal["random_connections"] = "random_connections"
    connections: Annotated[Count, Field(description="Input channels that a filter reads, within a share.")]
    groups: Annotated[
        Count | None,
        Field(
            description="Blocks of filters that read the same channels, within a share; each its own without."
        ),
    ] = None
    seed: Annotated[int, Field(ge=0, le=LARGEST, description="Of the choice of channels.")] = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.groups is not None and self.filters % self.groups:
            message = f"{self.filters} filters cannot be cut into {self.groups} blocks"
            hint = f"use a number that divides {self.filters}"
            raise LayerError(message, rule=rules.INDIVISIBLE, field="groups", hint=hint)
        _, rows, columns = self.window(inputs[0])
        if self.connections > inputs[0][0]:
            message = f"a filter cannot read {self.connections} of {plural(inputs[0][0], 'channel')}"
            hint = f"at most {inputs[0][0]}, which makes it a conv"
            raise LayerError(message, field="connections", hint=hint)
        return self.filters, rows, columns

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        return self.weight_and_bias((self.filters, self.connections, *self.kernel))

    def macs(self, *inputs: Shape) -> int:
        return math.prod(self.output_shape(*inputs)) * self.connections * math.prod(self.kernel)

    def channels(self, shape: Shape) -> NDArray[np.int64]:
        """The channels that each filter reads, in ascending order: (filters, connections)."""
        import numpy as np

        blocks = self.groups or self.filters
        dealt = _dealt(self.seed, shape[0], blocks, self.connections)
        return np.repeat(np.array(dealt, np.int64), self.filters // blocks, axis=0)


@lru_cache(64)
def _dealt(seed: int, channels: int, blocks: int, connections: int) -> tuple[tuple[int, ...], ...]:
    """Permutations of the channels one after another, cut into blocks.

    A channel that a block has already waits for the next block.
    """
    from specnet.numerics.randomness import stream

    draw = stream(seed, "random connections", channels, blocks, connections)
    waiting: list[int] = []
    hands: list[tuple[int, ...]] = []
    for _ in range(blocks):
        hand: list[int] = []
        while len(hand) < connections:
            new = next((channel for channel in waiting if channel not in hand), None)
            if new is None:
                waiting += draw.permutation(channels).tolist()
            else:
                waiting.remove(new)
                hand.append(new)
        hands.append(tuple(sorted(hand)))
    return tuple(hands)
