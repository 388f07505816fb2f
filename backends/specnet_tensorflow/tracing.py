"""Functions as graphs, for inputs of the shapes and types that are declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

CLASSES = tf.TensorSpec([None], tf.int64)
SHARES = tf.TensorSpec([None, None], tf.float64)
"""The two forms of labels: see `specnet.backend.batch.Labels`."""


def traced(function: Callable[..., Any], *signature: Any) -> Any:
    """A function as a graph, which is built at its first call. It branches on the plan only, so there is
    nothing for AutoGraph to translate, which took two seconds of AlexNet's start."""
    return tf.function(function, input_signature=signature, autograph=False)


class TracedByLabels:
    """A function of a batch and more as a graph for each of the two forms of labels."""

    def __init__(self, function: Callable[..., Any], images: Any, masks: Any, *rest: Any) -> None:
        self.by_classes = traced(function, images, CLASSES, masks, *rest)
        self.by_shares = traced(function, images, SHARES, masks, *rest)

    def __call__(self, images: Any, labels: Any, masks: Any, *rest: Any) -> Any:
        graph = self.by_shares if labels.dtype.is_floating else self.by_classes
        return graph(images, labels, masks, *rest)
