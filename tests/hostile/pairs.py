"""Two sound specs at the edges of what is allowed, which a diff, a merge or a carrying has to compare."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

Texts = tuple[str, str]

HEAD = "specnet: 1\nname: x\nlayers:\n  image: {kind: input, shape: [1, 8, 8]}\n"
GROUPS = HEAD.replace("layers:", "groups: [a, b]\nlayers:")
RECIPE = (
    "  first: {kind: dense, from: image, units: 4}\n"
    "  out: {kind: dense, from: first, units: 4}\n"
    "training:\n  loss: {kind: softmax_cross_entropy, from: out}\n"
    "  optimizer: {kind: sgd, learning_rate: 0.1}\n  epochs: 4\n"
)


def _chain(count: int, name: str, kind: str = "dense", fields: str = ", units: 4") -> str:
    lines, last = [], "image"
    for i in range(count):
        lines.append(f"  {name}{i}: {{kind: {kind}, from: {last}{fields}}}\n")
        last = f"{name}{i}"
    return HEAD + "".join(lines)


def _branches(names: list[str], end: str = "add") -> str:
    """Layers that are all alike, which one layer reads."""
    lines = [f"  {name}: {{kind: dense, from: image, units: 4}}\n" for name in names]
    return HEAD + "".join(lines) + f"  end: {{kind: {end}, from: [{', '.join(names)}]}}\n"


def _shuffled(count: int, name: str = "l") -> list[str]:
    names = [f"{name}{i}" for i in range(count)]
    random.Random(0).shuffle(names)
    return names


def _towers(height: int, kind: str, name: str, start: str = HEAD, first: str = "image") -> str:
    """Two readers of the one below, and what puts them together: more ways than can be walked."""
    lines, last = [], first
    for i in range(height):
        lines.append(f"  {name}a{i}: {{kind: activation, from: {last}, function: relu}}\n")
        lines.append(f"  {name}b{i}: {{kind: activation, from: {last}, function: relu}}\n")
        lines.append(f"  {name}{i}: {{kind: {kind}, from: [{name}a{i}, {name}b{i}]}}\n")
        last = f"{name}{i}"
    return start + "".join(lines)


def _ladder(count: int, order: int) -> str:
    """Every layer reads all before it."""
    lines = []
    for i in range(1, count):
        read = ", ".join([f"l{j}" for j in range(i)][::order])
        lines.append(f"  l{i}: {{kind: dense, from: [{read}], units: 2}}\n")
    return HEAD + "  l0: {kind: dense, from: image, units: 2}\n" + "".join(lines)


def _wide(units: int, groups: str) -> str:
    """A dense layer on two groups that one reads, in the order of the groups."""
    return (
        GROUPS.replace("[a, b]", groups)
        + f"  wide: {{kind: dense, from: image, units: {units}}}\n"
        + "  end: {kind: dense, from: wide, cross_group: true, group: a, units: 2}\n"
    )


def _joined(units: int, read: str) -> str:
    return (
        HEAD
        + f"  p: {{kind: dense, from: image, units: {units}}}\n"
        + f"  q: {{kind: dense, from: image, units: {units}}}\n"
        + f"  both: {{kind: concat, from: [{read}]}}\n"
        + "  end: {kind: dense, from: both, units: 3}\n"
    )


def _blocks(channels: int, read: str) -> str:
    """A convolution that sees each channel by itself, of two layers that are joined."""
    more = f"filters: {channels}, kernel: 1"
    return (
        HEAD
        + f"  p: {{kind: conv, from: image, {more}}}\n  q: {{kind: conv, from: image, {more}}}\n"
        + f"  both: {{kind: concat, from: [{read}]}}\n"
        + f"  each: {{kind: conv, from: both, filters: {2 * channels}, kernel: 1, groups: {2 * channels}}}\n"
        + "  end: {kind: dense, from: each, units: 3}\n"
    )


def _parts(count: int, order: int) -> str:
    names = [f"l{i}" for i in range(count)]
    lines = [f"  {name}: {{kind: conv, from: image, filters: 4, kernel: 1}}\n" for name in names]
    joined = f"  both: {{kind: concat, from: [{', '.join(names[::order])}]}}\n"
    each = f"  each: {{kind: conv, from: both, filters: {4 * count}, kernel: 1, groups: {4 * count}}}\n"
    return HEAD + "".join(lines) + joined + each


def _orders(count: int, read: str) -> str:
    """Layers that all read one long row, which stands in another order."""
    lines = [f"  l{i}: {{kind: dense, from: both, units: 2}}\n" for i in range(count)]
    start = _joined(100_000, read)
    return start + "".join(lines)


def _recipe(old: str, new: str) -> Texts:
    text = HEAD + RECIPE
    return text.replace("epochs: 4", old), text.replace("epochs: 4", new)


def _uses(count: int, block: str, name: str) -> str:
    block_text = f"blocks:\n  {block}: {{output: l, layers: {{l: {{kind: dense, from: input, units: 2}}}}}}\n"
    lines, last = [], "image"
    for i in range(count):
        lines.append(f"  {name}{i}: {{kind: block, of: {block}, from: {last}}}\n")
        last = f"{name}{i}"
    return HEAD.replace("layers:", block_text + "layers:") + "".join(lines)


def _commented(count: int, word: str, end: str = "\n") -> str:
    layer = "kind: dense, from: image, units"
    lines = [f"  # {word} {i}\n\n  l{i}: {{{layer}: {4 + i % 3}}}\n" for i in range(count)]
    return (HEAD + "".join(lines)).replace("\n", end)


def _on_one_line(count: int, units: int) -> str:
    layers = "".join(f", l{i}: {{kind: dense, from: image, units: {units + i % 2}}}" for i in range(count))
    return f"{{specnet: 1, name: x, layers: {{image: {{kind: input, shape: [1, 8, 8]}}{layers}}}}}\n"


SCHEDULES = {
    "cosine": ("schedule: {kind: cosine, over: 1000000000}", "schedule: {kind: linear, over: 3, unit: step}"),
    "plateau": (
        "schedule: {kind: plateau, factor: 0.999, times: 1000000000}",
        "schedule: {kind: plateau, factor: 0.9, times: 1000000000, patience: 1000000000}",
    ),
    "step": (
        "schedule: {kind: step, factor: 0.999999, every: 1}",
        "schedule: {kind: step, factor: 0.999999, every: 1, unit: step}",
    ),
    "multistep": (
        f"schedule: {{kind: multistep, factor: 0.999, at: [{', '.join(map(str, range(1, 10_000)))}]}}",
        f"schedule: {{kind: multistep, factor: 0.999, at: [{', '.join(map(str, range(2, 20_000, 2)))}]}}",
    ),
}


PAIRS: dict[str, Callable[[], Texts]] = {
    "a chain renamed": lambda: (_chain(5_000, "l"), _chain(5_000, "m")),
    "a chain widened": lambda: (_chain(5_000, "l"), _chain(5_000, "l", fields=", units: 5")),
    "a chain without names in common, widened": lambda: (
        _chain(3_000, "l"),
        _chain(3_000, "m", fields=", units: 5"),
    ),
    "a chain of nothing": lambda: (
        _chain(4_000, "l", "activation", ", function: relu"),
        _chain(3_000, "l", "activation", ", function: relu"),
    ),
    "branches in another order": lambda: (
        _branches([f"l{i}" for i in range(3_000)]),
        _branches(_shuffled(3_000)),
    ),
    "branches renamed": lambda: (
        _branches([f"l{i}" for i in range(2_000)]),
        _branches(_shuffled(2_000, "m")),
    ),
    "branches joined": lambda: (
        _branches([f"l{i}" for i in range(2_000)], "concat"),
        _branches(_shuffled(2_000, "m"), "concat"),
    ),
    "towers of sums": lambda: (_towers(1_000, "add", "s"), _towers(1_000, "add", "t")),
    "towers of products": lambda: (_towers(500, "multiply", "s"), _towers(501, "multiply", "s")),
    "towers of joins": lambda: (_towers(23, "concat", "s"), _towers(23, "concat", "t")),
    "towers of joins of one more": lambda: (_towers(22, "concat", "s"), _towers(23, "concat", "s")),
    "towers of joins of what is wide": lambda: (
        _towers(20, "concat", "s", HEAD + "  w: {kind: dense, from: image, units: 900}\n", "w"),
        _towers(20, "concat", "t", HEAD + "  w: {kind: dense, from: image, units: 900}\n", "w"),
    ),
    "ladders": lambda: (_ladder(300, 1), _ladder(300, -1)),
    "groups exchanged, 10**9 units": lambda: (_wide(10**9, "[a, b]"), _wide(10**9, "[b, a]")),
    "groups exchanged, 10**7 units": lambda: (_wide(10**7, "[a, b]"), _wide(10**7, "[b, a]")),
    "joined in another order, 10**9 units": lambda: (_joined(5 * 10**8, "p, q"), _joined(5 * 10**8, "q, p")),
    "joined in another order, 10**7 units": lambda: (_joined(10**7, "p, q"), _joined(10**7, "q, p")),
    "many blocks": lambda: (_blocks(10**6, "p, q"), _blocks(10**6, "q, p")),
    "as many blocks as there may be": lambda: (_blocks(5 * 10**8, "p, q"), _blocks(5 * 10**8, "q, p")),
    "blocks of many parts": lambda: (_parts(2_000, 1), _parts(2_000, -1)),
    "other orders of all": lambda: (_orders(900, "p, q"), _orders(900, "q, p")),
    "blocks renamed": lambda: (_uses(5_000, "b", "u"), _uses(5_000, "c", "v")),
    "blocks of one more": lambda: (_uses(5_000, "b", "u"), _uses(5_001, "b", "u")),
    "comments": lambda: (_commented(4_000, "x"), _commented(4_001, "y" * 50)),
    "lines end as on other systems": lambda: (_commented(400, "x"), _commented(401, "y", "\r\n")),
    "on one line": lambda: (_on_one_line(4_000, 3), _on_one_line(4_000, 4)),
    "names of escapes": lambda: (
        (HEAD + RECIPE).replace("name: x", "name: x # \u202e \x85 \u2028"),
        (HEAD + RECIPE).replace("name: x", "name: y # \u2066 \x85 \u2029"),
    ),
    "epochs": lambda: _recipe("epochs: 1000000000", "epochs: 999999999"),
    "epochs of none": lambda: _recipe("epochs: 1", "epochs: 1000000000\n  batch_size: 1000000000"),
    **{
        f"schedules {word}": partial(_recipe, f"{old}\n  epochs: 1000000000", f"{new}\n  epochs: 7")
        for word, (old, new) in SCHEDULES.items()
    },
    "warmups": lambda: _recipe(
        "schedule: {kind: cosine, over: 999999999, warmup: {from: 1e-9, over: 999999999}}\n  epochs: 99",
        "schedule: {kind: cosine, over: 999999999, warmup: {from: 1e-9, over: 5}}\n  epochs: 99",
    ),
    "frozen": lambda: _recipe(
        "frozen: [" + "out, '*ut', 'o*', " * 3_000 + "out]",
        "frozen: [" + "o*t, '*u*', " * 4_000 + "out]",
    ),
    "losses": lambda: (
        HEAD + RECIPE.replace("{kind: softmax_cross_entropy, from: out}", _losses(3_000, 1)),
        HEAD + RECIPE.replace("{kind: softmax_cross_entropy, from: out}", _losses(3_000, 2)),
    ),
}  # fmt: skip
"""Before and after."""


def _losses(count: int, weight: int) -> str:
    parts = [f"{{kind: mean_squared_error, from: out, weight: {weight + i}}}" for i in range(count)]
    return f"{{kind: sum, of: [{', '.join(parts)}]}}"
