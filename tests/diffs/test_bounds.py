"""Small texts that would take all memory, or for ever, if every number of theirs were looked at in a diff."""

from __future__ import annotations

import resource
import time
from typing import Any

import pytest

from specnet.diffs import rows
from specnet.diffs.carrying import runs, without_order
from specnet.diffs.comparison import weight_mapping
from specnet.diffs.diff import compare
from specnet.diffs.flow import Channels
from specnet.network.graph import Node
from specnet.network.network import Network, examine
from specnet.syntax.document import parse

HEAD = "specnet: 1\nname: x\nlayers:\n  image: {kind: input, shape: [1, 8, 8]}\n"


def network(text: str) -> Network:
    return examine(parse(text, "x.yaml")).valid()


def wide(units: int, groups: str) -> str:
    return (
        HEAD.replace("layers:", f"groups: {groups}\nlayers:")
        + f"  wide: {{kind: dense, from: image, units: {units}}}\n"
        + "  end: {kind: dense, from: wide, cross_group: true, group: a, units: 2}\n"
    )


def joined(units: int, read: str) -> str:
    layers = "".join(f"  {name}: {{kind: dense, from: image, units: {units}}}\n" for name in "pq")
    return HEAD + layers + f"  end: {{kind: dense, from: [{read}], units: 3}}\n"


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (wide(10**9, "[a, b]"), wide(10**9, "[b, a]")),
        (wide(10**7, "[a, b]"), wide(10**7, "[b, a]")),
        (joined(5 * 10**8, "p, q"), joined(5 * 10**8, "q, p")),
    ],
    ids=["groups exchanged, 10**9", "groups exchanged, 10**7", "joined otherwise, 10**9"],
)
def test_rows_of_any_size_take_no_memory(before: str, after: str) -> None:
    began, known = time.process_time(), peak()
    weight_mapping(network(before), network(after))
    assert time.process_time() - began < 5  # measured: 0.05 s
    assert peak() - known < 100  # MB; measured: 2, and 2,400 and more when they were looked at one by one


def test_what_is_within_the_bound_is_still_put_in_order() -> None:
    found = weight_mapping(network(joined(1000, "p, q")), network(joined(1000, "q, p")))
    (piece,) = next(e for p, e in found.entries.items() if (p.node.layer, p.role) == ("end", "weight")).pieces
    assert piece.columns is not None
    assert runs(piece.columns) == [[1000, 2000], [0, 1000]]


def test_all_rows_together_have_a_bound() -> None:
    p, q = (Channels(("new", Node(name, "g")), 0, 10) for name in "pq")
    effort = rows.Effort(left=45)
    for _ in range(2):
        assert rows.columns_of((p, q), (q, p), effort) == [*range(10, 20), *range(10)]
    assert rows.columns_of((p, q), (q, p), effort) is None
    assert rows.columns_of((p, q), (p, q), effort) == range(20)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (range(10**12), None),
        (range(10**11), range(10**11)),
        ([0, 1, 2], range(3)),
        ([3, 4, 5], range(3, 6)),
        ([2, 1, 0], (2, 1, 0)),
        ([0, 2, 1, 3], (0, 2, 1, 3)),
        ([], ()),
    ],
)
def test_an_index_is_a_range_where_it_is_one(index: Any, expected: Any) -> None:
    assert without_order(index, 10**12) == expected


@pytest.mark.slow
def test_many_heads_take_no_square_of_them() -> None:
    def heads(weight: int) -> str:
        parts = [f"{{kind: mean_squared_error, from: out, weight: {weight + i}}}" for i in range(1_500)]
        loss = f"  loss: {{kind: sum, of: [{', '.join(parts)}]}}\n"
        recipe = f"training:\n{loss}  optimizer: {{kind: sgd, learning_rate: 0.1}}\n  epochs: 4\n"
        return HEAD + "  out: {kind: dense, from: image, units: 4}\n" + recipe

    sides = [examine(parse(heads(weight), "x.yaml")) for weight in (1, 2)]
    began = time.process_time()
    assert compare(*sides)
    assert time.process_time() - began < 3  # measured: 0.4 s; 10 s when each change asked for all heads


@pytest.mark.slow
def test_layers_that_all_read_one_another_are_matched_in_time() -> None:
    def ladder(count: int, order: int) -> str:
        lines = ["  l0: {kind: dense, from: image, units: 2}\n"]
        for i in range(1, count):
            read = ", ".join([f"l{j}" for j in range(i)][::order])
            lines.append(f"  l{i}: {{kind: dense, from: [{read}], units: 2}}\n")
        return HEAD + "".join(lines)

    sides = [examine(parse(ladder(250, order), "x.yaml")) for order in (1, -1)]
    began = time.process_time()
    assert compare(*sides)
    assert time.process_time() - began < 8  # measured: 2 s; 15 s when each pair was looked at at every turn


@pytest.mark.slow
def test_a_long_chain_of_layers_that_keep_their_shape_takes_no_square_of_them() -> None:
    def chain(count: int) -> str:
        names = ["image", *(f"l{i}" for i in range(count))]
        fields = "function: relu"
        lines = [
            f"  {n}: {{kind: activation, from: {names[i]}, {fields}}}\n" for i, n in enumerate(names[1:])
        ]
        return HEAD + "".join(lines)

    sides = [examine(parse(chain(count), "x.yaml")) for count in (2_500, 2_501)]
    began = time.process_time()
    assert compare(*sides)
    assert time.process_time() - began < 8  # measured: 3 s; 30 s when each looked at all that read it
