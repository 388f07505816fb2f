"""Choices of one stream of random numbers."""

from __future__ import annotations

from typing import Any

from specnet.numerics.randomness import stream


class Draws:
    """Choices for one part of the spec of a seed, whose network has so many groups."""

    def __init__(self, seed: int, part: str = "random spec") -> None:
        self._draw = stream(seed, part)
        self.groups: int = self.among(1, 2, 2, 3, 4)

    def among(self, *choices: Any) -> Any:
        return choices[self._draw.randint(len(choices))]

    def between(self, low: int, high: int) -> int:
        return int(self._draw.randint(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self._draw.random_sample() < probability)

    def shuffled(self, values: list[Any]) -> list[Any]:
        return [values[index] for index in self._draw.permutation(len(values))]
