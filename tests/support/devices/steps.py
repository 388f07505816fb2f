"""What a step does on its devices, as data. Run by tests/backends/test_devices.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from specnet.plans.operations import Feed
from specnet.plans.plan import Plan
from specnet.testing.random_specs import random_batch
from support.devices.networks import compiled, wide
from support.pretend import Event, watched

IMAGES = 6
FLOAT = 4
"""Bytes of a float32."""

Copies = Counter[tuple[str, str, int]]
"""From a device to another one, with the bytes."""

PLACES = [
    ("cuda:0", "cuda:1", "cuda:2"),
    ("cuda:2", "cuda:0", "cuda:1"),
    ("cuda:0", "cpu", "cuda:1"),
    ("cpu", "cuda:3", "cuda:1"),
]


@pytest.fixture
def made() -> Plan:
    return wide(3)


def copies(events: Sequence[Event], made: Plan, places: Sequence[str]) -> Copies:
    """Those between devices, without images, labels and masks, which come from the program."""
    found = Counter(
        (e.origin, e.target, e.bytes) for e in events if e.name == "copy" and e.origin != e.target
    )
    return found - fed(made, places)


def fed(made: Plan, places: Sequence[str]) -> Copies:
    """A copy of the images for each group on a GPU, each mask to its group, the labels to the logits'."""
    at = dict(zip(made.groups, places, strict=True))
    found: Copies = Counter()
    for op in made.operations:
        if isinstance(op, Feed):
            found["cpu", at[op.group], IMAGES * 300 * FLOAT] += 1
    for op in made.computes:
        if op.mask is not None:
            found["cpu", at[op.group], IMAGES * op.output_shape[0]] += 1  # a byte each
    found["cpu", at["a"], IMAGES * 8] += 1
    return Counter({key: count for key, count in found.items() if key[1] != "cpu"})


def transferred(made: Plan, places: Sequence[str], *, back: bool) -> Copies:
    """The plan's transfers, and with `back` their gradients. Every one depends on a parameter here."""
    at = dict(zip(made.groups, places, strict=True))
    found: Copies = Counter()
    for transfer in made.transfers:
        here, there, size = at[transfer.origin], at[transfer.group], IMAGES * transfer.size * FLOAT
        found[here, there, size] += 1
        found[there, here, size] += back
    return found


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_only_the_plans_transfers_go_from_group_to_group(made: Plan, places: Sequence[str]) -> None:
    executable, batch = compiled(made, places), random_batch(made, 1, IMAGES)
    events = watched(lambda: executable.forward({"image": batch.images}))
    expected = transferred(made, places, back=False)
    if places[0] != "cpu":
        expected[places[0], "cpu", IMAGES * 10 * FLOAT] += 1  # the output
    assert copies(events, made, places) == expected


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_a_step_moves_each_transfer_once_and_its_gradient_once(made: Plan, places: Sequence[str]) -> None:
    executable, batch = compiled(made, places), random_batch(made, 1, IMAGES)
    executable.train_step(batch, 0.1)
    found = copies(watched(lambda: executable.train_step(batch, 0.1)), made, places)
    expected = transferred(made, places, back=True)
    # The gradient is cut as one vector: each parameter's square goes to the first group, the factor back.
    at = dict(zip(made.groups, places, strict=True))
    for parameter in made.parameters:
        if parameter.group != "a":
            expected[at[parameter.group], at["a"], 8] += 1
    for group in made.groups[1:]:
        expected[at["a"], at[group], 8] += 1
    assert found == expected


@pytest.mark.parametrize("places", PLACES[:2], ids=str)
def test_nothing_waits_in_a_step_on_gpus(made: Plan, places: Sequence[str]) -> None:
    """Also where the gradient is cut to a norm."""
    executable, batch = compiled(made, places), random_batch(made, 1, IMAGES)
    executable.train_step(batch, 0.1)
    events = watched(lambda: executable.train_step(batch, 0.1))
    assert [event for event in events if event.waited] == []


@pytest.mark.parametrize("places", PLACES[2:], ids=str)
def test_all_that_comes_to_the_cpu_is_waited_for(made: Plan, places: Sequence[str]) -> None:
    executable, batch = compiled(made, places), random_batch(made, 1, IMAGES)
    arriving = [e for e in watched(lambda: executable.train_step(batch, 0.1)) if e.target == "cpu"]
    assert arriving
    assert all(event.waited for event in arriving)


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_every_share_is_computed_where_its_group_is(made: Plan, places: Sequence[str]) -> None:
    at = dict(zip(made.groups, places, strict=True))
    executable, batch = compiled(made, places), random_batch(made, 1, IMAGES)
    events = watched(lambda: executable.train_step(batch, 0.1))
    expected = Counter(at[op.group] for op in made.computes if op.layer.kind == "max_pool")
    del expected["cpu"]
    for operation in ("max_pool2d_with_indices", "max_pool2d_with_indices_backward"):
        assert Counter(event.target for event in events if event.name == operation) == expected
