"""Networks with joined layers that a file holds in one tensor: the spec, and the model written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.joined_models import spec


def maps(m: Any, x: Any) -> tuple[Any, Any]:
    return m.conv("a", x, 6), m.conv("b", x, 12)


def both(m: Any, x: Any) -> Any:
    return m.join(*maps(m, x))


def nested(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    c = m.conv("c", x, 6)
    return m.dense("fc", m.flat(m.join(m.max(m.join(a, b)), m.mean(c))))


def two_ways(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    return m.conv("fc", m.join(m.max(a), m.mean(b), m.mean(a), m.max(b)), 5, 1)


def residual(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    once = m.join(a, b)
    other = m.join(m.conv("c", x, 6), m.conv("d", x, 12))
    return m.conv("fc", m.relu(once + other), 5, 1)


def dense_makers(m: Any, x: Any) -> Any:
    x = m.flat(x)
    return m.dense("fc", m.norm("n", m.join(m.dense("p", x, 6), m.dense("q", x, 4))))


def apart(m: Any, x: Any) -> Any:
    a, b = maps(m, x)
    return m.dense("fc", m.norm("n", m.join(m.flat(a), m.flat(b))))


def shared_beside(m: Any, x: Any) -> Any:
    """What crosses reads the join, a again, and a layer of one group."""
    a, b = maps(m, x)
    return m.conv("fc", m.join(m.join(a, b), m.relu(a), m.conv("c", x, 3)), 5, 1)


def blocks(m: Any, x: Any) -> Any:
    return m.conv("fc", m.conv("w", both(m, x), 18, 2, 6), 5, 1)


def twice(m: Any, x: Any) -> Any:
    joined = m.relu(m.norm("n", both(m, x)))
    c = m.conv("c", joined, 4, 1)
    return m.conv("fc", m.join(m.max(joined), m.max(c)), 5, 1)


CAT = "cat: {kind: concat, from: [a, b]}"
CROSS = "cross_group: true, group: g"
FC = f"fc: {{kind: dense, from: cat, {CROSS}, units: 5}}"
LAST = "{kind: conv, from: %s, cross_group: true, group: g, filters: 5, kernel: 1}"

CASES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "conv": (spec(CAT, f"fc: {LAST % 'cat'}"), lambda m, x: m.conv("fc", both(m, x), 5, 1)),
    "dense over images": (spec(CAT, FC), lambda m, x: m.dense("fc", m.flat(both(m, x)))),
    "flatten after": (
        spec(CAT, "f: {kind: flatten, from: cat}", FC.replace("from: cat", "from: f")),
        lambda m, x: m.dense("fc", m.flat(both(m, x))),
    ),
    "flatten before": (
        spec(
            "fa: {kind: flatten, from: a}",
            "fb: {kind: flatten, from: b}",
            "n: {kind: batch_norm, from: [fa, fb]}",
            FC.replace("from: cat", "from: n"),
        ),
        apart,
    ),
    "batch norm": (
        spec("n: {kind: batch_norm, from: [a, b], activation: relu}", f"fc: {LAST % 'n'}"),
        lambda m, x: m.conv("fc", m.relu(m.norm("n", both(m, x))), 5, 1),
    ),
    "batch norm that crosses": (
        spec(CAT, f"n: {{kind: batch_norm, from: cat, {CROSS}}}", "fc: {kind: dense, from: n, units: 5}"),
        lambda m, x: m.dense("fc", m.flat(m.norm("n", both(m, x)))),
    ),
    "depthwise": (
        spec(
            "w: {kind: conv, from: [a, b], filters: 36, kernel: 2, groups: 9}",
            "n: {kind: batch_norm, from: w}",
            FC.replace("from: cat", "from: n"),
        ),
        lambda m, x: m.dense("fc", m.flat(m.norm("n", m.depthwise("w", both(m, x), 2)))),
    ),
    "blocks": (
        spec("w: {kind: conv, from: [a, b], filters: 18, kernel: 2, groups: 3}", f"fc: {LAST % 'w'}"),
        blocks,
    ),
    "split on either side": (
        spec(
            CAT,
            "d: {kind: dense, from: cat, cross_group: true, units: 8}",
            FC.replace("from: cat", "from: d"),
        ),
        lambda m, x: m.dense("fc", m.dense("d", m.flat(both(m, x)), 8)),
    ),
    "global pool and dropout": (
        spec(
            CAT,
            "p: {kind: global_avg_pool, from: cat}",
            "d: {kind: dropout, from: p, rate: 0.5}",
            FC.replace("from: cat", "from: d"),
        ),
        lambda m, x: m.dense("fc", m.everywhere(both(m, x))),
    ),
    "nested": (
        spec(
            "c: {kind: conv, from: image, filters: 6, kernel: 3, group: [g, h]}",
            CAT,
            "p: {kind: max_pool, from: cat, kernel: 2}",
            "q: {kind: avg_pool, from: c, kernel: 2}",
            "all: {kind: concat, from: [p, q]}",
            FC.replace("from: cat", "from: all"),
        ),
        nested,
    ),
    "one layer two ways": (
        spec(
            "pa: {kind: max_pool, from: a, kernel: 2}",
            "qb: {kind: avg_pool, from: b, kernel: 2}",
            "qa: {kind: avg_pool, from: a, kernel: 2}",
            "pb: {kind: max_pool, from: b, kernel: 2}",
            "all: {kind: concat, from: [pa, qb, qa, pb]}",
            f"fc: {LAST % 'all'}",
        ),
        two_ways,
    ),
    "sums": (
        spec(
            CAT,
            "c: {kind: conv, from: image, filters: 6, kernel: 3, group: [g, h]}",
            "d: {kind: conv, from: image, filters: 12, kernel: 3, group: [g, h]}",
            "other: {kind: concat, from: [c, d]}",
            "s: {kind: add, from: [cat, other], activation: relu}",
            f"fc: {LAST % 's'}",
        ),
        residual,
    ),
    "vectors": (
        spec(
            "p: {kind: dense, from: image, units: 6, group: [g, h]}",
            "q: {kind: dense, from: image, units: 4, group: [g, h]}",
            "n: {kind: batch_norm, from: [p, q]}",
            FC.replace("from: cat", "from: n"),
        )
        .replace("  a:", "  # a:")
        .replace("  b:", "  # b:"),
        dense_makers,
    ),
    "others beside": (
        spec(
            CAT,
            "r: {kind: activation, from: a, function: relu}",
            "c: {kind: conv, from: image, filters: 3, kernel: 3, group: g}",
            f"fc: {LAST % '[cat, r, c]'}",
        ),
        shared_beside,
    ),
    "read twice": (
        spec(
            "n: {kind: batch_norm, from: [a, b], activation: relu}",
            "c: {kind: conv, from: n, cross_group: true, group: [g, h], filters: 4, kernel: 1}",
            "p: {kind: max_pool, from: n, kernel: 2}",
            "q: {kind: max_pool, from: c, kernel: 2}",
            "all: {kind: concat, from: [p, q]}",
            f"fc: {LAST % 'all'}",
        ),
        twice,
    ),
    "three groups": (
        spec("n: {kind: batch_norm, from: [a, b]}", FC.replace("from: cat", "from: n"), groups="g, h, i"),
        lambda m, x: m.dense("fc", m.flat(m.norm("n", both(m, x)))),
    ),
}
