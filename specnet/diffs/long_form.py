"""Two networks compared in their long forms, where one writes out what the other has split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from specnet.diffs.change import Change
from specnet.diffs.edits import of_the_rest
from specnet.diffs.families import Families
from specnet.diffs.matching.search import matched
from specnet.diffs.pairs import Pair
from specnet.diffs.side import Side
from specnet.diffs.telling import told
from specnet.diffs.unfolding import spread_layers, unfolded


class LongForm(NamedTuple):
    """What is found in the long forms, in the words of the specs as they are."""

    names: Mapping[str, str]
    """Of the layers that stand in both as they are."""
    changes: Sequence[Change]
    shares: Sequence[Pair]


def compared(old: Side, new: Side, names: Mapping[str, str]) -> LongForm | None:
    """The comparison of two valid specs by their long forms. None where there are no such forms, or where the
    layers that `names` matches are spread over groups in the same way, so that nothing is to be gained."""
    assert old.network is not None
    assert new.network is not None
    spread = set(spread_layers(old.network)), set(spread_layers(new.network))
    if {names.get(name) for name in spread[0]} == spread[1]:
        return None
    found = _compared(old, new, frozenset())
    if found is not None:
        return found
    stay = frozenset(name for name in spread[0] ^ spread[1] if name in old.layers and name in new.layers)
    return _compared(old, new, stay | (spread[0] & spread[1])) if stay else None


def _compared(old: Side, new: Side, stay: frozenset[str]) -> LongForm | None:
    """The comparison by long forms in which some layers stay as they are."""
    assert old.network is not None
    assert new.network is not None
    sides = unfolded(old.network, stay), unfolded(new.network, stay)
    if sides[0] is None or sides[1] is None:
        return None
    (before, olds), (after, news) = sides[0], sides[1]
    one, other = Side.of(before.spec, before), Side.of(after.spec, after)
    long_names, changes = matched(one, other)
    places = old.network.graph.nodes, new.network.graph.nodes
    shares, whole = list[Pair](), dict[str, str]()
    for name, partner in long_names.items():
        held = (olds[name],) if name in olds else places[0].get(name)
        there = (news[partner],) if partner in news else places[1].get(partner)
        if held and there and one.layers[name].kind == other.layers[partner].kind:
            shares.append((held, there))
        if name in places[0] and partner in places[1]:
            whole[name] = partner
        elif name in olds and partner in news:
            whole[olds[name].layer] = news[partner].layer
    layers = [change for change in changes if change.path.startswith("layers.")]
    rest = list(of_the_rest(old, new, whole))
    families = Families(one, other, long_names, olds, news)
    led = [c for c in layers if old.spec.groups != new.spec.groups and families.follows_groups(c)]
    along = told(led, old, new, long_names, olds, news, families)
    layers = [change for change in layers if change not in led]
    words = told(layers, old, new, long_names, olds, news, families)
    if any(_is_of_a_share(change, old, new) for change in words):
        return None
    rest = [replace(c, along=(*c.along, *along)) if c.path == "groups" else c for c in rest]
    return LongForm(whole, [*words, *rest], shares)


def _is_of_a_share(change: Change, old: Side, new: Side) -> bool:
    """Whether a share came or went of a layer that stands in both, which the specs' own words say better."""
    is_full = change.op in ("add", "remove") and not change.field
    return is_full and change.layer in old.layers and change.layer in new.layers
