"""Networks over any number of groups, and what a step of them sees."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.backend import protocol as backends
from specnet.backend.protocol import Executable, Precision
from specnet.network.network import analyse
from specnet.plans import plan
from specnet.plans.plan import Plan
from specnet.spec.spec import load
from specnet.syntax import document
from specnet.testing.random_specs import random_state

WIDE = """\
specnet: 1
name: wide
groups: [{groups}]
layers:
  image: {{kind: input, shape: [3, 10, 10]}}
  conv1: {{kind: conv, from: image, filters: 24, kernel: 3, activation: relu}}
  norm1: {{kind: lrn, from: conv1, size: 3, k: 2, alpha: 0.1, beta: 0.75}}
  conv2: {{kind: conv, from: norm1, cross_group: true, filters: 24, kernel: 3, padding: 1, activation: relu}}
  sum: {{kind: add, from: [conv2, norm1, conv1]}}
  pool: {{kind: max_pool, from: sum, kernel: 2, stride: 2}}
  fc: {{kind: dense, from: pool, cross_group: true, units: 24, activation: relu}}
  drop: {{kind: dropout, from: fc, rate: 0.5}}
  out: {{kind: dense, from: drop, cross_group: true, group: a, units: 10}}
training:
  loss: {{kind: softmax_cross_entropy, from: out}}
  optimizer: {{kind: sgd, learning_rate: 0.1, momentum: 0.9, weight_decay: 1e-3, clip_norm: 5}}
"""


def wide(groups: int) -> Plan:
    """Values that are read by several layers of several groups."""
    names = ", ".join("abcd"[:groups])
    return plan.make(analyse(load(document.parse(WIDE.format(groups=names)))))


def compiled(made: Plan, devices: Sequence[str], precision: Precision = "float32") -> Executable:
    """The plan with the random state of a seed, its groups on the devices in turn."""
    placement = {group: devices[i % len(devices)] for i, group in enumerate(made.groups)}
    executable = backends.find("torch").compile(made, placement, precision)
    executable.load_state(random_state(made, 1))
    return executable
