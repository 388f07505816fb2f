"""A small network of every trait that matters to a native model: groups, transfers, statistics, dropout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from specnet.spec.spec import load
from specnet.syntax import document

SPEC = load(
    document.parse(
        """\
specnet: 1
name: native
groups: [a, b]
layers:
  image: {kind: input, shape: [1, 9, 9]}
  conv: {kind: conv, from: image, filters: 8, kernel: 3, stride: 2, rounding: ceil, activation: relu}
  lrn: {kind: lrn, from: conv, size: 3, k: 2, alpha: 1e-4, beta: 0.75}
  norm: {kind: batch_norm, from: lrn}
  pool: {kind: max_pool, from: norm, kernel: 3, stride: 2, rounding: ceil}
  fc: {kind: dense, from: pool, cross_group: true, units: 16, activation: relu}
  drop: {kind: dropout, from: fc, rate: 0.5}
  out: {kind: dense, from: drop, cross_group: true, group: a, units: 10}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 0.05, momentum: 0.9}
  batch_size: 8
  epochs: 1
""",
        "native.yaml",
    )
)
FROZEN = SPEC.model_copy(
    update={"layers": {**SPEC.layers, **{name: SPEC.layers[name].frozen() for name in ("conv", "norm")}}}
)
"""The same with nothing to train before `fc`."""
DENSE = load(
    document.parse(
        """\
specnet: 1
name: dense
groups: [a, b]
layers:
  image: {kind: input, shape: [1, 9, 9]}
  fc: {kind: dense, from: image, units: 8, activation: relu}
  out: {kind: dense, from: fc, cross_group: true, group: a, units: 4}
""",
        "dense.yaml",
    )
)


def images(count: int) -> NDArray[np.float32]:
    """(count, 1, 9, 9), normal."""
    return np.random.RandomState(0).standard_normal((count, 1, 9, 9)).astype(np.float32)
