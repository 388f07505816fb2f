"""Values put into data: where a new name comes to stand among the others."""

from __future__ import annotations

import random
from typing import Any

import pytest

from specnet.merging.placing import Placing


def one_by_one(data: dict[str, Any], order: list[str], new: list[str]) -> list[str]:
    """Each new name put behind the nearest of those before it in `order` that is there by then."""
    names = list(data)
    for name in new:
        if name not in order:
            names.append(name)
            continue
        earlier = [other for other in order[: order.index(name)] if other in names]
        names.insert(names.index(earlier[-1]) + 1 if earlier else 0, name)
    return names


@pytest.mark.parametrize("seed", range(40))
def test_new_names_stand_as_if_each_had_been_put_there_by_itself(seed: int) -> None:
    draw = random.Random(seed)
    names = [f"n{i}" for i in range(12)]
    data = dict.fromkeys(draw.sample(names, 5), 0)
    order = draw.sample(names, 9)
    new = [name for name in draw.sample(names, 12) if name not in data]
    expected = one_by_one(data, order, new)
    placing = Placing({"layers": data}, {"layers": dict.fromkeys(order)})
    for name in new:
        placing.set(("layers", name), 1)
    placing.put_in_order()
    assert list(placing.data["layers"]) == expected
    assert data == {name: int(name in new) for name in expected}


def test_a_name_that_is_there_stays_where_it_is() -> None:
    placing = Placing({"a": 1, "b": 2, "c": 3}, {"c": 0, "b": 0, "a": 0})
    placing.set(("c",), 4)
    placing.set(("b",), None)
    placing.put_in_order()
    assert placing.data == {"a": 1, "c": 4}
    assert list(placing.data) == ["a", "c"]
