"""Every network of specs/zoo through PyTorch and TensorFlow: the outputs of one image, in float64.

    python tests/zoo.py
    python tests/zoo.py --only 'resnet*'

Two backends agree on a network where max|a - b| / max|b| of each output is within 1e-12.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from specnet.backend import protocol as backends
from specnet.backend.protocol import State
from specnet.network.network import Network, analyse
from specnet.plans import plan as plans
from specnet.plans.placement import place
from specnet.spec.spec import load
from specnet.testing import relative_error
from specnet.testing.random_specs import random_batch, random_state

ZOO = Path(__file__).parent.parent / "specs" / "zoo"
NAMES = ("torch", "tensorflow")

LIMIT = 1e-12
"""Measured over all networks: at most 2.6e-15."""


def answers(network: Network) -> Iterator[State]:
    """What each backend makes of one random image, from the same random state."""
    plan = plans.make(network)
    state, batch = random_state(plan, 1), random_batch(plan, 1, 1)
    (image,) = plan.inputs
    for name in NAMES:
        backend = backends.find(name)
        placement = place(plan.groups, dict.fromkeys(plan.groups, "cpu"), backend.devices())
        executable = backend.compile(plan, placement, "float64")
        executable.load_state(state)
        yield executable.forward({image: batch.images})


def difference(network: Network) -> float:
    """The largest difference of any output."""
    one, other = answers(network)
    assert one.keys() == other.keys() != set()
    return max(relative_error(other[name], values) for name, values in one.items())


def main() -> int:
    """The command: 0 if all agree, 1 if one does not or there is none."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="*", metavar="NAME", help="networks of that name, * for any text")
    asked = parser.parse_args()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    paths = [path for path in sorted(ZOO.glob("*.yaml")) if fnmatch.fnmatch(path.stem, asked.only)]
    errors = []
    for path in paths:
        start = time.monotonic()
        errors.append(difference(analyse(load(path))))
        missed = "" if errors[-1] <= LIMIT else "   MISS"
        print(f"{path.stem:26} {errors[-1]:.1e}  {time.monotonic() - start:.0f} s{missed}", flush=True)
        gc.collect()
    misses = sum(not error <= LIMIT for error in errors)
    print(f"{len(errors)} networks, {misses} misses, worst {max(errors, default=float('nan')):.1e}")
    return 1 if misses or not errors else 0


if __name__ == "__main__":
    sys.exit(main())
