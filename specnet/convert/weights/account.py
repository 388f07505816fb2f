"""What becomes of every parameter of a network that starts from weights, and of every tensor of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from specnet.plans.plan import Plan
from specnet.text import plural


@dataclass(frozen=True)
class Account:
    """Every parameter of the network is in `loaded` or `initialized`, by its canonical name, in order.

    `loaded` gives what each came from. `refused` says of some that are initialized why what there was for
    them does not fit. `ignored` are the tensors that nothing was made of and nothing refused.
    `fit` and `every` count parameters as a table does, without running statistics.
    """

    source: str
    loaded: Mapping[str, str]
    initialized: tuple[str, ...]
    refused: Mapping[str, str]
    ignored: tuple[str, ...]
    frozen: tuple[str, ...]
    """Those of the initialized ones that no step will change."""
    fit: int
    every: int

    @classmethod
    def of(
        cls,
        plan: Plan,
        source: str,
        loaded: Mapping[str, str],
        refused: Mapping[str, str],
        ignored: Iterable[str],
    ) -> Account:
        """The account of a plan whose other parameters are initialized."""
        counted = {p.name: p.size for p in plan.parameters if p.trainable}
        rest = [p for p in plan.parameters if p.name not in loaded]
        frozen = {op.name for op in plan.computes if op.layer.is_frozen}
        return cls(
            source=source,
            loaded={p.name: loaded[p.name] for p in plan.parameters if p.name in loaded},
            initialized=tuple(p.name for p in rest),
            refused={p.name: refused[p.name] for p in rest if p.name in refused},
            ignored=tuple(ignored),
            frozen=tuple(p.name for p in rest if p.name.rpartition(".")[0] in frozen),
            fit=sum(size for name, size in counted.items() if name in loaded),
            every=sum(counted.values()),
        )

    def lines(self) -> list[str]:
        """For people: every parameter and every tensor is named."""
        refused = [name for name in self.initialized if name in self.refused]
        plain = [name for name in self.initialized if name not in self.refused]
        lines = [f"loaded: {by_share(self.loaded)}"] if self.loaded else []
        lines += [f"initialized: {by_share(plain)}"] if plain else []
        lines += [f"refused, and so initialized: {name}: {self.refused[name]}" for name in refused]
        return [self.summary(), *lines, *self.remarks()]

    def summary(self) -> str:
        """How much of the network has its values from there."""
        tensors = len(self.loaded) + len(self.initialized)
        return (
            f"weights of {self.source}: {self.fit:,} of {self.every:,} parameters, "
            f"{len(self.loaded)} of {plural(tensors, 'tensor')}"
        )

    def remarks(self) -> list[str]:
        """What somebody may not have meant."""
        ignored, frozen = ", ".join(self.ignored), by_share(self.frozen)
        return [
            *([f"ignored, as the network has no such thing: {ignored}"] if ignored else []),
            *([f"warning: initialized and frozen, so training leaves them so: {frozen}"] if frozen else []),
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "parameters": {"fit": self.fit, "all": self.every},
            "loaded": dict(self.loaded),
            "initialized": list(self.initialized),
            "refused": dict(self.refused),
            "ignored": list(self.ignored),
        }

    def recorded(self) -> dict[str, Any]:
        """What the options of a run keep of it."""
        return {
            "source": self.source,
            "fit": self.fit,
            "all": self.every,
            "initialized": list(self.initialized),
        }


def by_share(names: Iterable[str]) -> str:
    """Names of parameters, those of a share together: `conv1.gpu0 (weight, bias)`."""
    shares: dict[str, list[str]] = {}
    for name in names:
        share, _, role = name.rpartition(".")
        shares.setdefault(share, []).append(role)
    return ", ".join(f"{share} ({', '.join(roles)})" for share, roles in shares.items())
