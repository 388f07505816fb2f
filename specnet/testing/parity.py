"""`python -m specnet.testing.parity`: NumPy and every backend on random networks, pair by pair, in float64.

For each network the pairs are held against each other by max|a - b| / max|b| of every tensor: what the
forward pass gives (logits in evaluation mode, loss and running statistics in training mode) within 1e-12,
the gradient of every parameter within 1e-10. One network in five is trained for two steps, too, by its random
optimizer and schedule: every parameter and running statistic afterwards, within 1e-10.

A gradient can cancel: a bias in front of a batch norm has the true gradient 0, and what a program returns
for it is nothing but its own rounding errors. For a gradient that misses the limit, the noise of rounding is
therefore measured: NumPy repeats the run with every value, gradient and cancelling term moved at random by up
to one unit in its last place (Monte Carlo arithmetic, Parker 1997). A pair may then differ by `NOISE_LIMIT`
times the largest change that made; these tensors are counted and their worst figure is printed apart.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Literal

import numpy as np
import yaml

from specnet.backend import protocol as backends
from specnet.backend.batch import Batch
from specnet.backend.protocol import Backend, Executable, State
from specnet.diagnostics.errors import UsageError
from specnet.numerics.randomness import stream
from specnet.plans import plan as plans
from specnet.plans.placement import place
from specnet.plans.plan import Plan
from specnet.testing import relative_error
from specnet.testing.oracles import Interpreter
from specnet.testing.oracles.base import Values
from specnet.testing.random_specs import network_of, random_batch, random_spec, random_state

Quantity = Literal["forward", "gradient", "training"]

LIMITS: dict[Quantity, float] = {"forward": 1e-12, "gradient": 1e-10, "training": 1e-10}
"""Measured over 500 networks from seed 0: at most 3.9e-14 and 4.4e-11; after two steps of 100 of them,
2.5e-14. Over 150 from seed 5000: 6.5e-14, 8.3e-11 and 4.1e-13."""

TRAINED = 5
"""One network in so many is trained: a step is compiled anew, which takes as long as all the rest."""
STEPS = 2

NOISE_LIMIT = 100.0
"""Times the change that one rounding of every value makes. Measured: at most 46."""

NOISE_RUNS = 4
BACKENDS = ("torch", "tensorflow")


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two programs are apart in one tensor of one network."""

    seed: int
    pair: str
    quantity: Quantity
    tensor: str
    error: float
    noise: float | None = None
    """For a gradient that misses the limit, the difference in units of rounding noise."""

    @property
    def missed(self) -> bool:
        return self.error > LIMITS[self.quantity] and (self.noise is None or not self.noise <= NOISE_LIMIT)

    def __str__(self) -> str:
        what = f"{self.pair} {self.quantity}, network {self.seed}, {self.tensor}: {self.error:.2e}"
        return what if self.noise is None else f"{what}, {self.noise:.1f} times rounding noise"


@dataclass(frozen=True, slots=True)
class Answers:
    """What one program computes for one network, all by tensor name."""

    forward: State
    gradient: State
    training: State = field(default_factory=dict)


def answers(
    executable: Executable, plan: Plan, state: State, batch: Batch, rates: Sequence[float] = ()
) -> Answers:
    """Load the state, then run forward in evaluation mode and the gradients in training mode; then, from the
    same state, a step of training with each of the rates."""
    (name,) = plan.inputs
    executable.load_state(state)
    forward = executable.forward({name: batch.images})
    loss, gradients = executable.gradients(batch)
    after = executable.state()
    statistics = {p.name: after[p.name] for p in plan.parameters if not p.trainable}
    executable.load_state(state)
    for rate in rates:
        executable.train_step(batch, rate)
    trained = executable.state() if rates else {}
    return Answers({**forward, **statistics, "loss": np.asarray(loss)}, gradients, trained)


def compare(seed: int, chosen: Sequence[Backend], devices: str = "cpu") -> Iterator[Difference]:
    """All pairs among NumPy and the backends on the network of one seed."""
    network = network_of(random_spec(seed))
    plan, recipe = plans.make(network), network.spec.training
    assert recipe is not None
    rates = [recipe.learning_rate(step, 0, []) for step in range(0 if seed % TRAINED else STEPS)]
    mixed = any(part.mixes for part in recipe.augment)
    state, batch = random_state(plan, seed), random_batch(plan, seed, 2 + seed % 2, soft=mixed)
    answered = {"numpy": answers(Interpreter(plan), plan, state, batch, rates)}
    for backend in chosen:
        placement = place(plan.groups, dealt(plan.groups, devices), backend.devices())
        executable = backend.compile(plan, placement, "float64")
        answered[backend.name] = answers(executable, plan, state, batch, rates)

    @cache
    def noise() -> State:
        return rounding_noise(plan, state, batch, answered["numpy"].gradient)

    for one, other in combinations(answered, 2):
        pair = f"{one} - {other}"
        expected = answered[one]
        assert expected.forward.keys() == answered[other].forward.keys()
        assert expected.gradient.keys() == answered[other].gradient.keys() != set()
        exact: dict[Quantity, tuple[State, State]] = {
            "forward": (answered[other].forward, expected.forward),
            "training": (answered[other].training, expected.training),
        }
        for quantity, (found, values) in exact.items():
            for name, value in values.items():
                yield Difference(seed, pair, quantity, name, relative_error(found[name], value))
        for name, value in expected.gradient.items():
            got = answered[other].gradient[name]
            error = relative_error(got, value)
            if error <= LIMITS["gradient"]:
                yield Difference(seed, pair, "gradient", name, error)
            else:
                times = float(np.abs(got - value).max() / (noise()[name] or np.finfo(float).tiny))
                yield Difference(seed, pair, "gradient", name, error, times)


def dealt(groups: Sequence[str], devices: str) -> dict[str, str]:
    """The groups in turn on the devices of a list like `cpu,cuda:0`."""
    names = devices.split(",")
    return {group: names[index % len(names)] for index, group in enumerate(groups)}


def rounding_noise(plan: Plan, state: State, batch: Batch, gradients: State) -> State:
    """The largest change of each gradient over a few runs in which every value is rounded anew."""
    largest = {name: np.asarray(0.0) for name in gradients}
    for run in range(NOISE_RUNS):
        moved = Interpreter(plan, _jitter(run))
        moved.load_state(state)
        for name, values in moved.gradients(batch)[1].items():
            largest[name] = np.maximum(largest[name], np.abs(values - gradients[name]).max())
    return largest


def _jitter(run: int) -> Callable[[Values], Values]:
    """Moves every value by up to one unit in the last place."""
    draw = stream(run, "rounding")
    last_place = np.finfo(np.float64).eps
    return lambda values: values * (1 + last_place * (2 * draw.random_sample(values.shape) - 1))


@dataclass
class Tally:
    """The worst of all differences so far."""

    tensors: int = 0
    worst: dict[tuple[str, Quantity], Difference] = field(default_factory=dict)
    cancelled: list[Difference] = field(default_factory=list)
    missed: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference) -> None:
        self.tensors += 1
        if difference.missed:
            self.missed.append(difference)
        if difference.noise is not None:
            self.cancelled.append(difference)
            return
        key = (difference.pair, difference.quantity)
        if key not in self.worst or difference.error > self.worst[key].error:
            self.worst[key] = difference

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        yield from (f"worst {difference}" for _, difference in sorted(self.worst.items()))
        if self.cancelled:
            worst = max(self.cancelled, key=lambda d: d.noise or 0.0)
            count = len(self.cancelled)
            yield f"{count} of {self.tensors} comparisons are of gradients that cancel; worst {worst}"
        yield f"{len(self.missed)} misses"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if all agree, 1 if a pair does not or nothing was compared, 2 if it cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m specnet.testing.parity", description=__doc__)
    parser.add_argument("--graphs", type=int, default=500, help="number of random networks")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first; the others count up")
    parser.add_argument("--backends", default=",".join(BACKENDS), help="names, with commas between")
    parser.add_argument("--devices", default="cpu", help="groups are dealt to these, for example cpu,cuda:0")
    asked = parser.parse_args(arguments)
    # TensorFlow warns of every function that it traces anew, and here each network is one.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        tally = _run(asked.graphs, asked.seed, asked.backends.split(","), asked.devices)
    except UsageError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    for line in tally.lines():
        print(line)
    return 1 if tally.missed or not tally.tensors else 0


def _run(graphs: int, first: int, names: Sequence[str], devices: str) -> Tally:
    """Compare all networks. Progress and misses go to stderr as they come."""
    chosen = [backends.find(name) for name in names]
    tally = Tally()
    start = time.monotonic()
    for done, seed in enumerate(range(first, first + graphs), start=1):
        missed = len(tally.missed)
        for difference in compare(seed, chosen, devices):
            tally.add(difference)
        for difference in tally.missed[missed:]:
            print(f"MISS {difference}", file=sys.stderr)
        if len(tally.missed) > missed:
            print(yaml.safe_dump(random_spec(seed), sort_keys=False), file=sys.stderr)
        if done % 25 == 0 or done == graphs:
            seconds = time.monotonic() - start
            print(
                f"{done} of {graphs} networks, {len(tally.missed)} misses, {seconds:.0f} s", file=sys.stderr
            )
    return tally


if __name__ == "__main__":
    sys.exit(main())
