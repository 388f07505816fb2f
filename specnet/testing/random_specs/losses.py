"""Random losses of heads that tell the same classes apart."""

from __future__ import annotations

from typing import Any

from specnet.testing.random_specs.draws import Draws

KINDS = ("softmax_cross_entropy", "softmax_cross_entropy", "sigmoid_cross_entropy", "mean_squared_error")


def random_loss(draw: Draws, heads: list[str]) -> dict[str, Any]:
    """A loss of the one head, or a sum of losses of which each reads one of them, the first one first."""
    parts = [_of_one(draw, head) for head in heads]
    if len(parts) == 1:
        return parts[0]
    return {
        "kind": "sum",
        "of": [parts[0], *({**part, "weight": draw.among(0.3, 1, 2)} for part in parts[1:])],
    }


def _of_one(draw: Draws, head: str) -> dict[str, Any]:
    kind = draw.among(*KINDS)
    smoothed = kind == "softmax_cross_entropy" and draw.chance(0.3)
    return {"kind": kind, "from": head, **({"label_smoothing": 0.1} if smoothed else {})}
