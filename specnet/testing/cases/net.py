"""A network that the contract is checked on, and the short way to write one down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from specnet.plans.plan import Plan, make
from specnet.testing.random_specs import network_of

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Net:
    """A network by the name that its tests bear. `data` is what `specnet.load` takes."""

    name: str
    data: Fields
    soft: bool = False
    """Whether its batches are labelled with each class's share."""

    def __str__(self) -> str:
        return self.name

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The layer kinds that a backend must know to run it."""
        return frozenset(str(layer["kind"]) for layer in self.data["layers"].values()) - {"input"}

    @cached_property
    def plan(self) -> Plan:
        return make(network_of(self.data))


def net(
    name: str,
    layers: Mapping[str, Fields],
    groups: Sequence[str] = ("a",),
    loss: str | Fields | None = None,
    optimizer: str = "sgd",
    *,
    soft: bool = False,
    frozen: Sequence[str] = (),
    **rule: Any,
) -> Net:
    """A network, with a recipe if it has a loss: the layer whose softmax it is of, or all its fields. `rule`
    are fields of its optimizer, `frozen` the patterns of the layers that it leaves as they are."""
    data: dict[str, Any] = {"specnet": 1, "name": "net", "groups": list(groups), "layers": dict(layers)}
    if loss is not None:
        own = {"momentum": 0.9} if optimizer == "sgd" else {}
        fields = {"kind": optimizer, "learning_rate": 0.1, **own, "weight_decay": 5e-4, **rule}
        told = {"kind": "softmax_cross_entropy", "from": loss} if isinstance(loss, str) else loss
        data["training"] = {"loss": told, "optimizer": fields, "frozen": list(frozen)}
    return Net(name, data, soft)
