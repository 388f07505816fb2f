"""Random valid networks, a pure function of a seed, and random states and batches for them.

A network grows one layer at a time. Each draw is put to `network.analyse`; one that the language refuses (a
window that does not fit, filters that do not divide, a crossing that is not there) is dropped and the next
is made, so the language itself says what is valid. Images are at most 12x12 with at most 16 channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.backend.batch import Batch
from specnet.backend.protocol import State
from specnet.diagnostics.errors import SpecError
from specnet.layers.base import Shape
from specnet.network.network import Network, analyse
from specnet.numerics.randomness import keep_mask, stream
from specnet.plans.plan import Plan
from specnet.spec.spec import load

CLASSES = 5
LARGEST_CHANNELS = 16
"""Of one layer, over all its groups."""

IMAGE_KINDS = (
    *("conv",) * 10,
    *("max_pool",) * 4,
    *("avg_pool",) * 4,
    *("lrn",) * 2,
    *("batch_norm",) * 2,
    *("add",) * 2,
    *("concat",) * 2,
    "dropout",
    "activation",
    "global_avg_pool",
    "flatten",
    "dense",
)
VECTOR_KINDS = ("dense", "dense", "activation", "dropout", "batch_norm", "add", "concat")
FUNCTIONS = ("relu", "tanh", "sigmoid", "softmax")


def random_spec(seed: int) -> dict[str, Any]:
    """A valid spec as `specnet.load` takes it, ending in one dense layer and a loss."""
    return _Growth(seed).spec()


def network_of(data: Mapping[str, Any]) -> Network:
    """The network of a spec that is known to be valid."""
    return analyse(load(data))


class _Growth:
    """A network under construction. `network` is what `layers` declare, once there is a layer."""

    def __init__(self, seed: int) -> None:
        self._name = f"random_{seed}"
        self._draw = stream(seed, "random spec")
        self._groups = [f"g{index}" for index in range(self._among(1, 2, 2, 3, 4))]
        self._layers: dict[str, dict[str, Any]] = {}
        self._network: Network | None = None

    def spec(self) -> dict[str, Any]:
        sizes = [self._between(1, 4), self._between(5, 12), self._between(5, 12)]
        self._layers["image"] = {"kind": "input", "shape": sizes}
        while not self._added("image", {**self._conv(), "group": self._pinned()}):
            pass
        for _ in range(self._between(3, 9)):
            for _attempt in range(20):
                if self._added(*self._candidate()):
                    break
        self._end()
        return self._mapping(training=True)

    def _mapping(self, *, training: bool) -> dict[str, Any]:
        layers = {
            name: {key: value for key, value in layer.items() if value is not None}
            for name, layer in self._layers.items()
        }
        mapping: dict[str, Any] = {"specnet": 1, "name": self._name, "groups": self._groups, "layers": layers}
        if training:
            optimizer = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.001}
            loss = {"kind": "softmax_cross_entropy", "from": "logits"}
            mapping["training"] = {"loss": loss, "optimizer": optimizer}
        return mapping

    def _added(self, sources: Any, layer: dict[str, Any], name: str | None = None) -> bool:
        """Add a layer if the network stays valid with it, declaring its crossing where there is one."""
        name = name or f"{layer['kind']}{len(self._layers)}"
        before = dict(self._layers)
        for cross_group in self._shuffled([False, True]):
            self._layers[name] = {**layer, "from": sources, "cross_group": cross_group}
            try:
                network = network_of(self._mapping(training=False))
            except SpecError:
                self._layers = dict(before)
                continue
            if self._small(network, name):
                self._network = network
                return True
            self._layers = dict(before)
        return False

    def _small(self, network: Network, name: str) -> bool:
        shape = network.output_shape(name)
        return math.prod(shape) <= 16 * 12 * 12 and (len(shape) == 1 or shape[0] <= LARGEST_CHANNELS)

    def _candidate(self) -> tuple[Any, dict[str, Any]]:
        """The source or sources and the fields of a layer that may fit."""
        assert self._network is not None
        network = self._network
        made = [name for name in self._layers if name != "image"]
        unread = [name for name in network.graph.sinks() if name != "image"]
        source = self._among(*(unread if self._chance(0.7) else ["image", *made]))
        shape = network.output_shape(source)
        kind = self._among(*(IMAGE_KINDS if len(shape) == 3 else VECTOR_KINDS))
        sources: Any = source
        if kind in ("add", "concat") or (kind in ("conv", "dense") and self._chance(0.2)):
            alike = [name for name in made if self._alike(name, shape, kind)]
            if alike:  # with the source itself among them: a layer may read one input twice
                count = self._between(1, min(2, len(alike)))
                sources = self._shuffled([source, *self._shuffled(alike)[:count]])
        return sources, {
            **getattr(self, f"_{kind}")(),
            "group": self._pinned() if self._chance(0.2) else None,
        }

    def _alike(self, name: str, shape: Shape, kind: str) -> bool:
        assert self._network is not None
        other = self._network.output_shape(name)
        return other == shape if kind == "add" else len(other) == len(shape) and other[1:] == shape[1:]

    def _end(self) -> None:
        """Join all loose ends in one dense layer on one group; now and then one end stays loose."""
        assert self._network is not None
        ends: list[str] = []
        for name in self._network.graph.sinks():
            if name == "image" or (ends and self._chance(0.1)):
                continue
            if len(self._network.output_shape(name)) == 1:
                ends.append(name)
                continue
            kind = self._among("flatten", "flatten", "global_avg_pool")
            assert self._added(name, {"kind": kind}, f"{name}_row")
            ends.append(f"{name}_row")
        dense = {"kind": "dense", "units": CLASSES, "bias": self._bias(), "group": self._among(*self._groups)}
        assert self._added(ends if len(ends) > 1 else ends[0], dense, "logits")

    def _conv(self) -> dict[str, Any]:
        return {
            "kind": "conv",
            "filters": len(self._groups) * self._between(1, LARGEST_CHANNELS // len(self._groups)),
            **self._window(),
            "groups": self._among(1, 1, 1, 2, 3),
            "bias": self._bias(),
            "activation": self._function(),
        }

    def _dense(self) -> dict[str, Any]:
        units = len(self._groups) * self._between(1, 6)
        return {"kind": "dense", "units": units, "bias": self._bias(), "activation": self._function()}

    def _max_pool(self) -> dict[str, Any]:
        return {"kind": "max_pool", **self._window()}

    def _avg_pool(self) -> dict[str, Any]:
        return {"kind": "avg_pool", **self._window()}

    def _global_avg_pool(self) -> dict[str, Any]:
        return {"kind": "global_avg_pool"}

    def _flatten(self) -> dict[str, Any]:
        return {"kind": "flatten"}

    def _lrn(self) -> dict[str, Any]:
        return {
            "kind": "lrn",
            "size": self._among(1, 3, 5, 7),
            "k": self._among(1.0, 2.0),
            "alpha": self._among(0.01, 0.1, 0.5),
            "beta": self._among(0.5, 0.75, 1.0),
            "alpha_over": self._among("sum", "size"),
        }

    def _batch_norm(self) -> dict[str, Any]:
        return {
            "kind": "batch_norm",
            "epsilon": self._among(1e-5, 1e-3),
            "momentum": self._among(0.9, 0.99),
            "activation": self._function(),
        }

    def _dropout(self) -> dict[str, Any]:
        return {"kind": "dropout", "rate": self._among(0.2, 0.5), "scale_at": self._among("train", "test")}

    def _activation(self) -> dict[str, Any]:
        return {"kind": "activation", "function": self._among(*FUNCTIONS)}

    def _add(self) -> dict[str, Any]:
        return {"kind": "add", "activation": self._function()}

    def _concat(self) -> dict[str, Any]:
        return {"kind": "concat"}

    def _window(self) -> dict[str, Any]:
        """Kernel, stride, padding and rounding, each in any form the language has."""
        four = [self._between(0, 3) for _ in range(4)]
        padding = self._among(0, 1, 2, "same", four, four)
        return {
            "kernel": self._among(1, 2, 3, 5, [2, 3], [4, 1], [1, 3]),
            "stride": self._among(1, 1, 2, 3, [2, 1], [1, 3]),
            "padding": padding,
            "rounding": None if padding == "same" else self._among("floor", "ceil"),
        }

    def _bias(self) -> float | str:
        chosen: float | str = self._among(0, 1, 0.5, "none")
        return chosen

    def _function(self) -> str | None:
        chosen: str | None = self._among(None, None, "relu", "relu", *FUNCTIONS)
        return chosen

    def _pinned(self) -> list[str] | None:
        """Some of the groups, or None for all that the first input is on."""
        chosen = self._shuffled(self._groups)[: self._between(1, len(self._groups))]
        return None if self._chance(0.5) else [group for group in self._groups if group in chosen]

    def _among(self, *choices: Any) -> Any:
        return choices[self._draw.randint(len(choices))]

    def _between(self, low: int, high: int) -> int:
        return int(self._draw.randint(low, high + 1))

    def _chance(self, probability: float) -> bool:
        return bool(self._draw.random_sample() < probability)

    def _shuffled(self, values: list[Any]) -> list[Any]:
        return [values[index] for index in self._draw.permutation(len(values))]


def random_state(plan: Plan, seed: int) -> State:
    """Values for all parameters, float64: weights scaled by their fan-in, the others about their start."""
    state: State = {}
    for parameter in plan.parameters:
        draw = stream(seed, "random state", parameter.name)
        if len(parameter.shape) > 1:
            values = draw.standard_normal(parameter.shape) / math.sqrt(math.prod(parameter.shape[1:]))
        else:
            start = parameter.initial if isinstance(parameter.initial, float) else 0.0
            values = start + draw.random_sample(parameter.shape) - 0.5
        state[parameter.name] = values
    return state


def random_batch(plan: Plan, seed: int, size: int) -> Batch:
    """Images of normal pixels, labels, and the masks of dropout."""
    (shape,) = plan.inputs.values()
    draw = stream(seed, "random batch", size)
    images = draw.standard_normal((size, *shape))
    assert plan.head is not None
    (classes,) = next(op.output_shape for op in plan.computes if op.name == plan.head)
    labels = draw.randint(classes, size=size).astype(np.int64)
    return Batch(images, labels, random_masks(plan, seed, size))


def random_masks(plan: Plan, seed: int, size: int) -> dict[str, NDArray[np.uint8]]:
    """The mask of each dropout operation: the layer's, drawn in full, and from it the share's units."""
    masks: dict[str, NDArray[np.uint8]] = {}
    for op in plan.computes:
        if op.mask is not None:
            drawn = (seed, "random mask", op.mask.layer)
            full = keep_mask(*drawn, samples=range(size), shape=op.mask.layer_shape, rate=op.mask.rate)
            units = slice(op.mask.offset, op.mask.offset + math.prod(op.output_shape))
            masks[op.name] = full.reshape(size, -1)[:, units].reshape(size, *op.output_shape)
    return masks
