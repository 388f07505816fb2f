"""Random ways that images go before they reach a network, and random metrics."""

from __future__ import annotations

from typing import Any

from specnet.layers.base import Shape
from specnet.testing.random_specs.draws import Draws

Fields = dict[str, Any]


def random_images(draw: Draws, shape: Shape) -> Fields:
    """`normalize`, `augment` and `evaluate` for a network whose input has the shape.

    Images of that shape fit, or without `evaluate` only these; with it all that are at least as large do, if
    the training images are cropped, too.
    """
    chosen: Fields = {"normalize": _normalize(draw, shape)}
    if len(shape) == 3:
        cropped = _cropped(draw, shape[1]) if shape[1] == shape[2] and draw.chance(0.7) else []
        chosen["augment"] = _chain(draw, cropped, _others(draw, shape)) or None
        if shape[1] == shape[2] and draw.chance(0.6):
            chosen["evaluate"] = {"kind": draw.among("center_crop", "ten_crop"), "size": shape[1]}
    return {key: value for key, value in chosen.items() if value is not None}


def _normalize(draw: Draws, shape: Shape) -> Fields | None:
    each = [100.0 + 10 * channel for channel in range(shape[0])]
    chosen: Fields | None = draw.among(
        None,
        {"kind": "mean_image"},
        {"kind": "mean_image", "scale": 0.01},
        {"kind": "standardize"},
        {"kind": "constants", "mean": 127.5},
        {"kind": "constants", "std": 60},
        {"kind": "constants", "mean": each if len(shape) == 3 else 120, "std": draw.among(58.5, 1)},
        {"kind": "scale"},
        {"kind": "scale", "to": draw.among([-1, 1], [0, 1], [-0.5, 0.5])},
    )
    return chosen


def _cropped(draw: Draws, size: int) -> list[Fields]:
    """Parts that stand in this order and leave squares of that size."""
    resized: Fields = {"kind": "random_resized_crop", "size": size}
    if draw.chance(0.5):
        resized |= {"area": [0.3, 0.9], "ratio": draw.among([1, 1], [0.5, 2])}
    pad: Fields = {"kind": "pad", "pixels": draw.between(1, 3), **_fill(draw)}
    crop = draw.among({"kind": "random_crop", "size": size}, resized)
    return [pad, crop] if draw.chance(0.6) else [crop]


def _others(draw: Draws, shape: Shape) -> list[Fields]:
    """Parts that leave the size as it is, in any order."""
    jitter: Fields = {"kind": "color_jitter", "brightness": draw.among(0.4, [0.8, 1.5])}
    if draw.chance(0.5):
        jitter["contrast"] = draw.among(0.3, [0.5, 1])
    if shape[0] == 3:
        jitter |= {"saturation": draw.among(0.5, [0, 2]), "hue": draw.among(0.1, 0.5)}
    parts: list[Fields] = [
        {"kind": "horizontal_flip"},
        {"kind": "rotation", "degrees": draw.among(10, 180), **_fill(draw)},
        {"kind": "cutout", "size": draw.between(1, 6)},
        {"kind": "brightness", "std": 0.1},
        {"kind": "pca_color", "std": 0.1},
        {"kind": "mixup", "alpha": draw.among(0.2, 1)},
        jitter,
    ]
    return [part for part in draw.shuffled(parts) if draw.chance(0.2)]


def _fill(draw: Draws) -> Fields:
    fill = draw.among(None, "mean", "black")
    return {} if fill is None else {"fill": fill}


def _chain(draw: Draws, cropped: list[Fields], others: list[Fields]) -> list[Fields]:
    """The others among the parts that stand in order."""
    chain = list(cropped)
    for part in others:
        chain.insert(draw.between(0, len(chain)), part)
    return chain


def random_metrics(draw: Draws, classes: int, *, probable: bool) -> list[Fields] | None:
    """Metrics of a network that tells so many classes apart; `probable` if its outputs tell probabilities."""
    if draw.chance(0.4):
        return None
    metrics: list[Fields] = [
        {"kind": "top_k", "k": draw.between(2, classes - 1)},
        {"kind": "mean_per_class_recall"},
        {"kind": "f1"},
    ]
    if probable:
        binned = {"bins": draw.among(1, 10)} if draw.chance(0.5) else {}
        metrics.append({"kind": "expected_calibration_error", **binned})
    return [metric for metric in draw.shuffled(metrics) if draw.chance(0.5)]
