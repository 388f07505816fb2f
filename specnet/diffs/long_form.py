"""Two networks compared in their long forms, where one writes out what the other has split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from specnet.diffs.change import Change
from specnet.diffs.edits import edits, of_the_rest, rank
from specnet.diffs.families import Families, Origins
from specnet.diffs.matching.search import matched
from specnet.diffs.pairs import Pair
from specnet.diffs.side import Side
from specnet.diffs.telling import told
from specnet.diffs.unfolding import spread_layers, unfolded
from specnet.network.network import examine
from specnet.spec.spec import Spec


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
    tried = [matched(one, other)]
    if old.spec.groups != new.spec.groups and set(old.spec.groups) == set(new.spec.groups):
        again = (
            (_on_groups_of(new.spec, old.spec, stay), other),
            (one, _on_groups_of(old.spec, new.spec, stay)),
        )
        others = [matched(first, second)[0] for first, second in again if first and second]
        tried += [(names, edits(one, other, names)) for names in others if names != tried[0][0]]
    found = [_worded((old, new), (one, other), (olds, news), *pair) for pair in tried]
    return min((made for made in found if made), key=lambda made: rank(made.changes), default=None)


def _on_groups_of(groups: Spec, spec: Spec, stay: frozenset[str]) -> Side | None:
    """The long form that a spec would have with its groups in the order of another one's, in which the shares
    of a layer are read."""
    network = examine(spec.model_copy(update={"groups": groups.groups})).network
    made = unfolded(network, stay) if network is not None else None
    return Side.of(made[0].spec, made[0]) if made is not None else None


def _worded(
    sides: tuple[Side, Side],
    long_sides: tuple[Side, Side],
    origins: tuple[Origins, Origins],
    long_names: Mapping[str, str],
    changes: Sequence[Change],
) -> LongForm | None:
    """What a matching of the layers of two long forms comes to, in the specs' own words. None where these say
    it better."""
    (old, new), (one, other), (olds, news) = sides, long_sides, origins
    assert old.network is not None
    assert new.network is not None
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
