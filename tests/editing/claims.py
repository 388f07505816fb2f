"""What a diff and its mapping of weights say of an edit, held against what is true of it.

Every claim is put to the outputs of both networks: weights are carried by the mapping from random ones, and
all that the loss reads is compared in float64.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx
import numpy as np

from editing.edit import Edited
from editing.outputs import Running, is_reordered, known_values, origin
from editing.pair import Pair
from specnet.diffs.apply import applied
from specnet.diffs.carrying import Place
from specnet.diffs.change import Change

MIRRORED = {"add": "remove", "remove": "add"}


@dataclass(frozen=True, slots=True)
class Failure:
    """A claim that is not true: what kind of claim, and what is."""

    claim: str
    message: str


def failures(pair: Pair) -> list[Failure]:
    """Every claim about an edit that is not true; an exception is one of them."""
    made: list[Failure] = []
    for check in CHECKS:
        try:
            made += [Failure(check.__name__, message) for message in check(pair)]
        except Exception as error:  # whatever it is, it is a failure of the pair, and the others go on
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
            made.append(Failure(f"{check.__name__}: {type(error).__name__}", f"{error} ({where})"))
    return made


def count(pair: Pair) -> Iterator[str]:
    """There are as many changes as edits, or fewer; none for what is merely written otherwise."""
    changes = pair.diff.changes
    if len(changes) > pair.edited.edits:
        yield f"{len(changes)} changes for {pair.edited.edits}: {'; '.join(map(str, changes))}"
    if bool(pair.diff) != bool(changes):
        yield "the truth of a diff is not that of its changes"
    if not changes and (pair.effect == "training" or not pair.answers_are_equal):
        yield "another network, and nothing is said to have changed"


def same(pair: Pair) -> Iterator[str]:
    """Two specs are one network exactly where carried weights give equal answers, whatever these are."""
    claimed = pair.mapping.same_network
    consequences = pair.diff.consequences
    if consequences is None or consequences.same_network != claimed:
        yield "the diff and the mapping do not agree on whether it is the same network"
    if claimed and not pair.answers_are_equal:
        yield "said to be the same network, and answers differ"
    if claimed and pair.effect == "training":
        yield "said to be the same network, and it is trained otherwise"
    if not claimed and pair.effect in ("writing", "same"):
        yield "said to be another network, and it is the same"


def carried(pair: Pair) -> Iterator[str]:
    """Where the edit leaves the network as it is in evaluation, carried weights give equal answers."""
    if (
        pair.effect in ("writing", "same", "training")
        and not pair.mapping.anew
        and not pair.answers_are_equal
    ):
        yield "answers differ after weights were carried"


def complete(pair: Pair) -> Iterator[str]:
    """Each parameter and statistic of the second network is carried or anew, in its shape."""
    after, mapping = pair.after.running, pair.mapping
    names = {parameter.name: parameter.shape for parameter in after.plan.parameters}
    told = [*map(str, mapping.entries), *map(str, mapping.anew)]
    if sorted(told) != sorted(names):
        yield f"carried or anew are {sorted(told)}, and there are {sorted(names)}"
    values = mapping.carried(pair.before.running.state(1))
    if sorted(values) != sorted(map(str, mapping.entries)):
        yield f"carried are {sorted(values)}, told are {sorted(map(str, mapping.entries))}"
    wrong = [name for name, value in values.items() if value.shape != names.get(name)]
    if wrong:
        yield f"carried in a wrong shape: {', '.join(wrong)}"


def anew(pair: Pair) -> Iterator[str]:
    """Nothing is to be trained anew that has the shape of what it was, or of its parts one after another.

    Of a new layer and one like it that was there, either may be the new one.
    """
    running = pair.after.running
    edited = pair.explained if pair.effect == "function" else pair.edited
    known = [place for place in pair.mapping.entries if edited.origin(place.node.layer) is None]
    spare = Counter((place.role, _shape(running, place)) for place in known)
    for place in pair.mapping.anew:
        if pair.effect in ("writing", "same", "training"):
            yield f"{place} is said to be anew, and the edit leaves all as it is"
        elif (old := _true_shape(pair, edited, place)) is not None and old == _shape(running, place):
            spare[place.role, old] -= 1
            if spare[place.role, old] < 0:
                yield f"{place} is said to be anew, and the old one has its shape"


def words(pair: Pair) -> Iterator[str]:
    """What is the same or moved is a value as it was, there or on another group; what is permuted has the
    numbers of one in another order; what is joined is of several, or a part of one.

    Where the groups have other names or another order, the same may as well be called moved.
    """
    state = pair.before.running.state(1)
    are_kept = pair.before.canonical["groups"] == pair.after.canonical["groups"]
    for place, entry in pair.mapping.entries.items():
        value, origins = entry.values(state), {piece.place for piece in entry.pieces}
        first = min(origins)
        true, was = {"joined"}, state[str(first)]
        if len(origins) == 1 and np.array_equal(value, was):
            true = {"same" if first.node.group == place.node.group else "moved"}
            true = true if are_kept else {"same", "moved"}
        elif len(origins) == 1 and np.array_equal(np.sort(value, axis=None), np.sort(was, axis=None)):
            true = {"permuted"}
        if entry.how not in true:
            yield f"{place} is said to be {entry.how}, and is {' or '.join(sorted(true))}"


def counted(pair: Pair) -> Iterator[str]:
    """The diff counts the numbers that are carried, and names the layers of the others."""
    parameters = [parameter for parameter in pair.after.running.plan.parameters if parameter.trainable]
    anew = set(map(str, pair.mapping.anew))
    fit = sum(parameter.size for parameter in parameters if parameter.name not in anew)
    layers = list(dict.fromkeys(parameter.layer for parameter in parameters if parameter.name in anew))
    told, true = pair.diff.consequences, (fit, sum(parameter.size for parameter in parameters))
    if told is None or told.weights != true or sorted(told.untrained) != sorted(layers):
        yield f"counted are {told and (told.weights, told.untrained)}, and there are {true, layers}"


def _shape(running: Running, place: Place) -> tuple[int, ...] | None:
    share = running.network.shares.get(place.node)
    weight = share.parameters().get(place.role) if share else None
    return weight.shape if weight else None


def _true_shape(pair: Pair, edited: Edited, place: Place) -> tuple[int, ...] | None:
    """The shape of what a parameter was in the first network: the shares' values one after another."""
    layer = edited.origin(place.node.layer)
    if layer is None:
        return None
    nodes = origin(edited, pair.before.running, pair.after.running, place.node, layer)
    shapes = [_shape(pair.before.running, Place(node, place.role)) for node in nodes]
    known = [shape for shape in shapes if shape]
    if not known or len({shape[1:] for shape in known}) > 1:
        return None
    return (sum(shape[0] for shape in known), *known[0][1:])


def upstream(pair: Pair) -> Iterator[str]:
    """What does not depend on the edit computes what it did: each output is one of the first network's.

    Below layers of which values moved to another group the channels may have another order: whoever joins the
    shares joins them by the order of the groups.
    """
    names, edited = pair.after.running.network.graph.names, pair.explained
    below = edited.touched.union(
        edited.added, *(networkx.descendants(names, name) for name in edited.touched)
    )
    moved = {place.node.layer for place, entry in pair.mapping.entries.items() if entry.how == "moved"}
    joining = set[str]().union(*(networkx.descendants(names, name) for name in moved))
    shares = pair.after.running.network.shares
    for old, new in pair.values:
        known = known_values(new, old)
        for node in shares:
            if node.layer in below | edited.halved or known.get(str(node), True):
                continue
            if node.layer not in joining or not is_reordered(new[str(node)], old):
                yield f"{node} does not depend on the edit and gives what no share gave before"
                return


def mirror(pair: Pair) -> Iterator[str]:
    """The diff the other way round tells the same changes with their sides exchanged."""
    there, back = pair.diff.changes, pair.reversed.changes
    if len(there) != len(back):
        lists = " | ".join("; ".join(map(str, changes)) for changes in (there, back))
        yield f"{len(there)} changes there, {len(back)} back: {lists}"
        return
    names = {str(change.after): str(change.before) for change in there if change.op == "rename"}
    forth = Counter(_mirrored(change, names) for change in there)
    home = Counter(_told(change) for change in back)
    if forth != home:
        yield f"there {sorted((forth - home).elements())}, back {sorted((home - forth).elements())}"


def _told(change: Change) -> tuple[str, str, str, str]:
    where = change.path.split(".")[0] if change.op == "rename" else change.path
    return change.op, where, _text(change.before), _text(change.after)


def _mirrored(change: Change, names: Mapping[str, str]) -> tuple[str, str, str, str]:
    """A change as it is told the other way round, in the first spec's names."""
    op, before, after = MIRRORED.get(change.op, change.op), change.after, change.before
    if change.op == "rename":
        return op, change.path.split(".")[0], _text(before), _text(after)
    path = change.path
    if change.layer in names:
        path = f"layers.{names[change.layer]}{change.path.removeprefix(f'layers.{change.layer}')}"
    return op, path, _text(_in_names(before, names)), _text(_in_names(after, names))


def _in_names(value: Any, names: Mapping[str, str]) -> Any:
    """A value with other names wherever layers and groups may be named."""
    if isinstance(value, dict):
        return {
            key: part if key in ("kind", "name") else _in_names(part, names) for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_in_names(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def json_applied(pair: Pair) -> Iterator[str]:
    """The first spec with the diff's JSON applied, after it has been written and read, is the second."""
    told = json.loads(json.dumps(pair.diff.as_json()))
    made = applied(pair.before.canonical, told)
    if made != pair.after.canonical:
        yield f"applied, it is not the second spec: {_apart(made, pair.after.canonical)}"


def _apart(one: Any, other: Any, path: str = "") -> str:
    """Where two values differ first."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *other]:
            if one.get(key) != other.get(key):
                return _apart(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    return f"{path}: {one} and not {other}"


CHECKS = (count, same, carried, complete, anew, words, counted, upstream, mirror, json_applied)
