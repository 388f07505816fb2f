"""The way through a plan, with words for values."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.backend import walk
from specnet.plans.operations import Compute
from specnet.testing import cases


def test_operations_see_what_they_read_in_order() -> None:
    """By hand: `doubled` reads `first` twice, `joined` first, doubled, first."""
    outputs = walk.forward(
        cases.TWICE.plan,
        feed=lambda op: "x",
        transfer=lambda op, value: f"{value}@{op.group}",
        compute=lambda op, values: f"{op.name.partition('.')[0]}({' '.join(values)})",
    )
    first = "first(x)"
    assert outputs == {"head.a": f"head(joined({first} doubled({first} {first}) {first}))"}


def test_what_crosses_is_transferred() -> None:
    outputs = walk.forward(
        cases.CROSSING.plan,
        feed=lambda op: op.group,
        transfer=lambda op, value: f"{value}>{op.group}",
        compute=lambda op, values: f"({'+'.join(values)})",
    )
    assert outputs == {
        "apart.a": "((a))",
        "apart.b": "((b))",
        "mixed.a": "((a)+(b)>a)",
        "mixed.b": "((a)>b+(b))",
    }


def test_each_reader_is_handed_a_value_of_its_own_and_none_stays() -> None:
    handed: list[int] = []

    def hand_out(value: int, count: int) -> list[int]:
        handed.append(count)
        return list(range(count))

    walk.forward(
        cases.TWICE.plan,
        feed=lambda op: 0,
        transfer=lambda op, value: value,
        compute=lambda op, values: sum(values),
        hand_out=hand_out,
    )
    assert handed == [1, 4, 1, 1, 1]  # the last one is the output


def test_gradients_are_added_once_every_reader_has_given_its_own() -> None:
    """By hand: head gives 1; joined sends 1 each to first, doubled, first; doubled twice its own to first."""
    seen: dict[str, int] = {}

    def compute(op: Compute, gradient: int) -> Iterator[tuple[str, int]]:
        seen[op.name] = gradient
        return ((name, gradient) for name in op.values)

    walk.backward(
        cases.TWICE.plan,
        [("head.a", 1)],
        transfer=lambda op, gradient: gradient,
        compute=compute,
        add=lambda name, one, other: one + other,
    )
    assert seen == {"head.a": 1, "joined.a": 1, "doubled.a": 1, "first.a": 4}


def test_a_value_that_is_read_twice_by_the_loss_gets_both_gradients() -> None:
    seen: dict[str, int] = {}

    def compute(op: Compute, gradient: int) -> Iterator[tuple[str, int]]:
        seen[op.name] = gradient
        return iter(())

    walk.backward(
        cases.TWICE.plan,
        [("head.a", 1), ("head.a", 2)],
        transfer=lambda op, gradient: gradient,
        compute=compute,
        add=lambda name, one, other: one + other,
    )
    assert seen == {"head.a": 3}
