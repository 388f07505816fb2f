"""A spec that trains in a second, and how to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specnet.network.network import analyse
from specnet.spec.spec import Spec
from specnet.terminal.progress import Progress
from specnet.training.dry_run import DryRun, dry_run
from specnet.training.evaluation import Result
from specnet.training.options import TrainOptions
from specnet.training.session import train

SMALL = """\
specnet: 1
name: small
groups: [a, b]
data: {kind: digits, size: 10}
layers:
  image: {kind: input, shape: [1, 8, 8]}
  conv: {kind: conv, from: image, filters: 8, kernel: 3, activation: relu}
  norm: {kind: batch_norm, from: conv}
  fc: {kind: dense, from: norm, cross_group: true, units: 16, activation: relu}
  drop: {kind: dropout, from: fc, rate: 0.5}
  out: {kind: dense, from: drop, cross_group: true, group: a, units: 10}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-4}
  schedule: {kind: plateau, factor: 0.5, times: 2, patience: 1}
  normalize: {kind: mean_image, scale: 0.01}
  augment: [{kind: random_crop, size: 8}, {kind: horizontal_flip}, {kind: pca_color, std: 0.1}]
  evaluate: {kind: ten_crop, size: 8}
  batch_size: 200
  epochs: 2
"""

TINY = """\
specnet: 1
name: tiny
groups: [a, b]
data: {kind: synthetic, shape: [1, 8, 8], train_images: 60, test_images: 20}
layers:
  image: {kind: input, shape: [1, 6, 6]}
  conv: {kind: conv, from: image, filters: 4, kernel: 3, activation: relu}
  norm: {kind: batch_norm, from: conv}
  drop: {kind: dropout, from: norm, rate: 0.5}
  out: {kind: dense, from: drop, cross_group: true, group: a, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: out}
  optimizer: {kind: sgd, learning_rate: 0.02, momentum: 0.9, weight_decay: 1e-4}
  schedule: {kind: plateau, factor: 0.5, times: 3, patience: 1}
  normalize: {kind: mean_image, scale: 0.01}
  augment: [{kind: random_crop, size: 6}, {kind: horizontal_flip}, {kind: pca_color, std: 0.1}]
  evaluate: {kind: center_crop, size: 6}
  batch_size: 8
  epochs: 4
"""


def run(spec: Spec, directory: Path, **options: Any) -> Result:
    """Train quietly, in float64 unless told otherwise."""
    progress = options.pop("progress", Progress(quiet=True))
    asked = TrainOptions(**{"precision": "float64", "run_dir": directory, **options})
    return train(analyse(spec), asked, progress)


def dry(spec: Spec, directory: Path, **options: Any) -> DryRun:
    """A dry run, in float32 unless told otherwise."""
    return dry_run(analyse(spec), TrainOptions(run_dir=directory, **options))
