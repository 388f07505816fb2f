"""What is edited: random networks, and small ones with towers, splits, shortcuts and like branches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from editing.data import Data
from editing.edit import Case
from specnet.plans import plan as plans
from specnet.testing.random_specs import random_spec

LARGEST = 20_000
"""Parameters; a random network with more is left out, so that none takes long."""
FAMILY_EVERY = 2
"""After so many random networks, one of a family is drawn."""

Family = Callable[[random.Random], Data]


def networks(count: int, seed: int) -> Iterator[tuple[str, Case]]:
    """`count` random networks with their names, and between them one of a family after every few."""
    families = list(FAMILIES)
    done, number = 0, seed
    while done < count:
        case = Case.of(random_spec(number))
        number += 1
        if sum(parameter.size for parameter in plans.make(case.network).parameters) > LARGEST:
            continue
        yield f"random {number - 1}", case
        if done % FAMILY_EVERY == 0:
            turn = done // FAMILY_EVERY
            name = families[turn % len(families)]
            yield f"{name} {seed + turn}", family(name, seed + turn)
        done += 1


def family(name: str, seed: int) -> Case:
    """The network of a family with that seed."""
    return Case.of(FAMILIES[name](random.Random(f"{name} {seed}")))


def _spec(layers: Data, head: str, groups: tuple[str, ...] = ("g0", "g1")) -> Data:
    return {
        "specnet": 1,
        "name": "small",
        "groups": list(groups),
        "layers": {"image": {"kind": "input", "shape": [3, 8, 8]}, **layers},
        "training": {
            "loss": {"kind": "softmax_cross_entropy", "from": head},
            "optimizer": {"kind": "sgd", "learning_rate": 0.1},
        },
    }


def _conv(draw: random.Random, source: str | list[str], filters: int, **fields: object) -> Data:
    made = {"kind": "conv", "from": source, "filters": filters, "kernel": 3, "padding": 1}
    return {**made, "activation": draw.choice(("relu", "tanh", "silu")), **fields}


def _towers(draw: random.Random) -> Data:
    """Two towers in the long form; the second conv may read both."""
    wide = draw.choice((4, 6))
    crossing = draw.random() < 0.5
    one, two = _conv(draw, "image", wide), _conv(draw, "image", wide + draw.choice((0, 0, 2)))
    next_a, next_b = _conv(draw, "norm1a", 4), _conv(draw, "norm1b", 4)
    for letter, layer in (("g0", next_a), ("g1", next_b)) if crossing else ():
        layer.update({"from": ["norm1a", "norm1b"], "cross_group": True, "group": letter})
    if draw.random() < 0.5:
        two = {**one, "filters": two["filters"]}
        next_b = {**next_a, "from": next_b["from"], **({"group": "g1"} if crossing else {})}
    layers = {
        "conv1a": {**one, "group": "g0"},
        "conv1b": {**two, "group": "g1"},
        "norm1a": {"kind": "batch_norm", "from": "conv1a"},
        "norm1b": {"kind": "batch_norm", "from": "conv1b"},
        "conv2a": next_a,
        "conv2b": next_b,
        "pool2a": {"kind": "max_pool", "from": "conv2a", "kernel": 2},
        "pool2b": {"kind": "max_pool", "from": "conv2b", "kernel": 2},
        "fc": {
            "kind": "dense",
            "from": ["pool2a", "pool2b"],
            "cross_group": True,
            "group": draw.choice(("g0", "g1")),
            "units": 5,
        },
    }
    return _spec(layers, "fc")


def _split(draw: random.Random) -> Data:
    """Split layers in the short form, as in AlexNet."""
    layers = {
        "conv1": _conv(draw, "image", 8, stride=draw.choice((1, 2))),
        "norm1": {"kind": "lrn", "from": "conv1", "size": 3, "k": 2, "alpha": 0.1, "beta": 0.75},
        "conv2": _conv(draw, "norm1", 8, bias=1),
        "conv3": _conv(draw, "conv2", draw.choice((6, 8)), cross_group=True),
        "pool3": {
            "kind": "max_pool",
            "from": "conv3",
            "kernel": 3,
            "stride": 2,
            "rounding": draw.choice(("ceil", "floor")),
        },
        "fc4": {"kind": "dense", "from": "pool3", "cross_group": True, "units": 6, "activation": "relu"},
        "drop4": {"kind": "dropout", "from": "fc4", "rate": 0.5, "scale_at": draw.choice(("train", "test"))},
        "fc5": {"kind": "dense", "from": "drop4", "cross_group": True, "group": "g0", "units": 5},
    }
    return _spec(layers, "fc5")


def _residual(draw: random.Random) -> Data:
    """A stem and two blocks with shortcuts, on one group or moved to another one half way."""
    layers: Data = {"stem": _conv(draw, "image", 6, group="g0")}
    last = "stem"
    for n in (1, 2):
        layers[f"conv{n}.1"] = _conv(draw, last, 6, bias="none")
        layers[f"norm{n}.1"] = {"kind": "batch_norm", "from": f"conv{n}.1", "activation": "relu"}
        layers[f"conv{n}.2"] = _conv(draw, f"norm{n}.1", 6, bias="none", activation=None)
        layers[f"conv{n}.2"].pop("activation")
        layers[f"sum{n}"] = {"kind": "add", "from": [f"conv{n}.2", last], "activation": "relu"}
        last = f"sum{n}"
    layers["mean"] = {"kind": "global_avg_pool", "from": last}
    moved = {"group": "g1", "cross_group": True} if draw.random() < 0.5 else {}
    layers["fc"] = {"kind": "dense", "from": "mean", "units": 5, **moved}
    return _spec(layers, "fc")


def _branches(draw: random.Random) -> Data:
    """Branches that are alike in all but their names, and one that is not, joined or added."""
    fields = _conv(draw, "stem", 4)
    layers = {
        "stem": _conv(draw, "image", 4),
        "p1": dict(fields),
        "p2": dict(fields),
        "q": _conv(draw, "stem", 4, kernel=1, padding=0, bias=0.5),
        "join": {
            "kind": draw.choice(("concat", "add")),
            "from": draw.choice((["p1", "p2"], ["p1", "p2", "q"], ["q", "p2", "p1"])),
        },
        "norm": {"kind": "batch_norm", "from": "join"},
        "fc": {"kind": "dense", "from": "norm", "units": 5},
    }
    if draw.random() < 0.5:
        del layers["norm"]
        layers["fc"]["from"] = "join"
    if "q" not in layers["join"]["from"]:
        del layers["q"]
    return _spec(layers, "fc", ("g0",))


def _chain(draw: random.Random) -> Data:
    """Layers that are alike, one after another, with numbers in their names."""
    layers: Data = {}
    last, same = "image", _conv(draw, "", 4)
    for n in range(1, 6):
        layers[f"conv{n}"] = {**(same if draw.random() < 0.7 else _conv(draw, "", 4)), "from": last}
        last = f"conv{n}"
    layers["pool"] = {"kind": draw.choice(("max_pool", "avg_pool")), "from": last, "kernel": 2}
    for n, units in ((6, 8), (7, 8), (8, 5)):
        layers[f"fc{n}"] = {
            "kind": "dense",
            "from": "pool" if n == 6 else f"fc{n - 1}",
            "units": units,
            "activation": "tanh",
        }
    return _spec(layers, "fc8", ("g0",))


FAMILIES: dict[str, Family] = {
    "towers": _towers,
    "split": _split,
    "residual": _residual,
    "branches": _branches,
    "chain": _chain,
}
