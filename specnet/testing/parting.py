"""`python -m specnet.testing.parting`: where float32 runs of two backends part, over many seeds.

Each seed is trained side by side, as `specnet train --steps N --seed S` does it. The figure of a seed is
max|a - b| / max|b| over its losses. A seed above the limit is trained again with every value in view, to name
what was decided otherwise: a ReLU whose input is above zero in one program and not in the other, or a pooling
window whose largest pixel is another one. Between decisions a network is smooth, so that rounding stays
rounding; a decision is a jump of the gradient.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from specnet.backend import slots
from specnet.backend.protocol import Precision, State, storage
from specnet.diagnostics.errors import SpecnetError
from specnet.network.network import analyse
from specnet.plans import plan as plans
from specnet.plans.initial_values import initial_state
from specnet.spec.spec import load
from specnet.terminal.output import say
from specnet.terminal.progress import Progress
from specnet.testing import relative_error
from specnet.testing.decisions import Decision, Watched, decided_otherwise
from specnet.training.batches import Inputs, steps_per_epoch
from specnet.training.compile import compile_plan, precision_of
from specnet.training.open_data import open_data, recipe_of, statistics_of

SPEC = "specs/alexnet_digits.yaml"
LIMIT = 1e-5
SHOWN = 3
"""Decisions of a step that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Parting:
    """How far the losses of one seed are apart, and what was decided otherwise before they parted."""

    seed: int
    error: float
    decisions: tuple[str, ...] = ()

    @property
    def explained(self) -> bool:
        return self.error <= LIMIT or bool(self.decisions)


class SideBySide:
    """One spec on two backends, to be trained from many seeds.

    Nothing is evaluated on the way, so the rate of a plateau schedule stays.
    """

    def __init__(self, spec: str, backends: Sequence[str], precision: Precision = "float32") -> None:
        network = analyse(load(spec))
        self.plan = plans.make(network)
        compiled = [compile_plan(self.plan, backend, None, precision) for backend in backends]
        self.names = tuple(backends)
        self._executables: list[Watched] = [c.executable for c in compiled]  # type: ignore[misc]
        self._recipe, self._precision = recipe_of(network.spec), precision
        self._data, _ = open_data(network, None)
        self._statistics = statistics_of(self._recipe, self._data, Progress(quiet=True))

    def compare(self, seed: int, steps: int) -> Parting:
        """Train `steps` steps from a seed. Where the losses part, find out why."""
        one, other = np.array([losses for losses, _ in self._train(seed, steps, watched=False)]).T
        error = relative_error(one, other)
        if error <= LIMIT:
            return Parting(seed, error)
        apart = np.abs(one - other) > LIMIT * np.abs(other).max()
        stop = int(np.argmax(apart)) + 1
        lines = [line for _, lines in self._train(seed, stop, watched=True) for line in lines]
        return Parting(seed, error, tuple(lines))

    def _train(self, seed: int, steps: int, *, watched: bool) -> Iterator[tuple[list[float], list[str]]]:
        """The two losses of each step, and what was decided otherwise in it if somebody watches."""
        for executable in self._executables:
            executable.load_state(initial_state(self.plan, seed, storage(self._precision)))
            executable.load_optimizer_state(slots.zeros(self.plan, storage(self._precision)))
        inputs = Inputs(self.plan, self._recipe, self._statistics, seed, self._precision)
        per_epoch = steps_per_epoch(self._data.train, self._recipe)
        for step, batch in enumerate(inputs.batches(self._data.train, 0, steps)):
            told: list[str] = []
            if watched:
                states = [executable.state() for executable in self._executables]
                seen = [executable.watch(batch) for executable in self._executables]
                decisions = decided_otherwise(self.plan, batch, states, [values for values, _ in seen])
                told = self._told(step + 1, decisions, seen[0][1], seen[1][1])
                for executable, state in zip(self._executables, states, strict=True):
                    executable.load_state(state)  # running statistics have moved
            rate = self._recipe.learning_rate(step, step // per_epoch, [])
            yield [float(executable.train_step(batch, rate)) for executable in self._executables], told

    def _told(self, step: int, decisions: Sequence[Decision], one: State, other: State) -> list[str]:
        """A step's decisions in words, and the gradient that is furthest apart for them."""
        if not decisions:
            return []
        errors = {name: relative_error(one[name], other[name]) for name in other}
        worst = max(errors, key=errors.__getitem__)
        lines = [f"step {step}, {decision.told(*self.names)}" for decision in decisions[:SHOWN]]
        more = f" and {len(decisions) - SHOWN} more" if len(decisions) > SHOWN else ""
        return [*lines, f"step {step}{more}: gradients up to {errors[worst]:.1e} apart, in {worst}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if all seeds agree or are explained, 1 if one is not, 2 if it cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m specnet.testing.parting", description=__doc__)
    parser.add_argument("spec", nargs="?", default=SPEC, metavar="SPEC", help=f"default: {SPEC}")
    parser.add_argument("--seeds", type=int, default=30, help="number of seeds (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="the first; the others count up")
    parser.add_argument("--steps", type=int, default=20, help="of each (default: 20)")
    parser.add_argument("--backends", default="torch,tensorflow", help="two names, with a comma between")
    parser.add_argument("--precision", default="float32", help="float32 (the default) or float64")
    asked = parser.parse_args(arguments)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        together = SideBySide(asked.spec, asked.backends.split(","), precision_of(asked.precision))
        partings = []
        for seed in range(asked.seed, asked.seed + asked.seeds):
            parting = together.compare(seed, asked.steps)
            partings.append(parting)
            say("\n  ".join([f"seed {seed}: losses {parting.error:.1e} apart", *parting.decisions]))
            sys.stdout.flush()
    except SpecnetError as error:
        say(f"parting: {error}", to=sys.stderr)
        return 2
    errors = [parting.error for parting in partings]
    within, middle = sum(error <= LIMIT for error in errors), statistics.median(errors)
    say(f"{within} of {len(errors)} within {LIMIT:.0e}; median {middle:.1e}, worst {max(errors):.1e}")
    return 0 if all(parting.explained for parting in partings) else 1


if __name__ == "__main__":
    sys.exit(main())
