"""Two specs laid beside each other: which share of one is which of the other, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from specnet.diffs.carrying import WeightMapping
from specnet.diffs.change import Change
from specnet.diffs.edits import edits, rank
from specnet.diffs.exchanging import exchanged
from specnet.diffs.isomorphism import layer_names, passes_nearby, same_shares
from specnet.diffs.matching.search import BY_NAME_ALONE, matched
from specnet.diffs.normal_form import canonical, renamed_groups
from specnet.diffs.pairs import Pair
from specnet.diffs.recipe_words import FROZEN, RATES, said_otherwise
from specnet.diffs.side import Side
from specnet.diffs.weights import follow
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.spec.spec import Spec
from specnet.text import few

WORDS = {FROZEN, RATES}
SAME = "the two are the same network"


@dataclass(frozen=True)
class Comparison:
    """`old` has its groups under the names of the second spec, `groups` by their old ones. `names` are the
    names in the second spec of the layers of the first that stand in both, one for one; `shares` pairs the
    shares of both networks."""

    old: Side
    new: Side
    groups: Mapping[str, str]
    names: Mapping[str, str]
    changes: Sequence[Change]
    shares: Sequence[Pair]
    groups_exchanged: Comparison | None = None
    """Another one with other names for the groups, by which the two are the same network."""
    one_for_one: Sequence[Pair] | None = None
    """Other pairs of shares, by which the two are the same network; `shares` leave fewer changes."""
    folded: Comparison | None = None
    """That of the two specs folded, in whose words the changes are told."""

    @cached_property
    def weights(self) -> WeightMapping:
        """Where the values of the second network come from. Both specs have to be valid."""
        if self.folded is not None:
            return self.folded.weights
        if self.groups_exchanged is not None:
            return self.groups_exchanged.weights.by_places()
        assert self.old.network is not None
        assert self.new.network is not None
        shares = self.shares if self.one_for_one is None else self.one_for_one
        made = follow(self.old.network, self.new.network, dict(self._counterparts(shares)))
        return made.on_groups({new: old for old, new in self.groups.items()})

    @cached_property
    def before(self) -> Mapping[str, Any]:
        """The first spec's data in its normal form, with its own names for the groups."""
        back = {new: old for old, new in self.groups.items()}
        return canonical(self.old.spec.on_groups(back)) if back else self.old.data

    @property
    def by_name(self) -> bool:
        """Whether there are too many layers to match by more than their names."""
        return max(len(self.old.layers), len(self.new.layers)) > BY_NAME_ALONE

    @property
    def is_valid(self) -> bool:
        """Whether both specs are."""
        return self.old.network is not None and self.new.network is not None

    def is_another(self) -> bool:
        """Whether it is known of two valid networks that they are not the same one."""
        return self.is_valid and not self.weights.same_network

    def is_unexplained(self) -> bool:
        """Whether two networks are not the same one, and no change says why, of a layer, of the groups or of
        what the loss reads: then what seemed to be but written otherwise is not."""
        said = [change for change in self.changes if change.op != "rename"]
        return self.is_another() and not any(
            c.layer or c.path == "groups" or c.path.startswith("training.loss") for c in said
        )

    def sameness(self) -> str:
        """In which way the two networks are the same one; empty if they are not."""
        if not self.weights.same_network:
            return ""
        entries = self.weights.entries.items()
        columns = [str(place) for place, entry in entries if any(p.columns for p in entry.pieces)]
        if columns:
            pairs = [f"{one} and {other} exchanged" for one, other in self.exchanged()]
            otherwise = f", or with {few(pairs)}" if pairs else ""
            return f"{SAME}, with the columns of {few(columns)} in another order{otherwise}"
        if any(entry.how == "moved" for _, entry in entries):
            return f"{SAME}, with layers on other groups"
        if not self.weights.in_order:
            return f"{SAME}, cut into other shares"
        passed = self.weights.passed_names()
        if passed:
            words = f"name{'s' if len(passed) > 1 else ''} {few(passed)}"
            return f"{SAME}, with other layers under the {words}"
        if any(change.layer and change.op != "rename" for change in self.changes):
            return f"{SAME} once its weights have their values"
        return f"{SAME}, written in two ways"

    def exchanged(self) -> list[tuple[str, str]]:
        """Layers of the second network that are alike, where it is the first with these exchanged."""
        if self.folded is not None:
            return self.folded.exchanged()
        return exchanged(self.old, self.new, self.names, self.changes)

    def correspondence(self) -> dict[str, str] | None:
        """The name of each share of the first network in the second, by its own name, if a run of one can go
        on as the other: they are one network, share for share, that trains from the same values."""
        layers = [c for c in self.changes if c.path.startswith("layers.") and c.op != "rename"]
        if layers or self.old.spec.groups != self.new.spec.groups:
            return None
        if not (self.weights.same_network and self.weights.in_order):
            return None
        back = {new: old for old, new in self.groups.items()}
        pairs = self._counterparts(self.shares)
        return {str(olds[0].on_groups(back)): str(node) for node, olds in pairs}

    def _counterparts(self, pairs: Sequence[Pair]) -> Iterator[tuple[Node, tuple[Node, ...]]]:
        """For each share of the second network those of the first that it is made of."""
        for olds, news in pairs:
            on = {node.group: node for node in olds}
            if len(olds) != len(news) or (
                len(olds) > 1 and _has_copies(self.old, olds) != _has_copies(self.new, news)
            ):
                yield from ((node, olds) for node in news)
            elif on.keys() == {node.group for node in news}:
                yield from ((node, (on[node.group],)) for node in news)
            else:
                yield from ((new, (old,)) for old, new in zip(olds, news, strict=True))


def _without_joins(made: Comparison, old: Network, new: Network) -> Comparison:
    """The same comparison of two that are one network, without its changes of layers where all of these are
    of what only passes on what others make, and each of the others reads the same and is where it was."""
    every = [c for change in made.changes for c in (change, *change.along) if c.layer and c.op != "rename"]
    layers = {**made.old.layers, **made.new.layers}
    if not every or not all(
        c.field == "from" or (c.field in ("", "cross_group") and layers[c.layer].passes_on) for c in every
    ):
        return made
    found = same_shares(old, new)
    if found is None or not all(passes_nearby(network) for network in (old, new)):
        return made
    if any((made.names.get(one.layer), one.group) != other for one, other in found.items()):
        return made
    return replace(made, changes=[c for c in made.changes if not c.layer or c.op == "rename"])


def _has_copies(side: Side, nodes: Sequence[Node]) -> bool:
    """Whether shares are full copies of one layer, not parts of it."""
    return side.network is not None and any(node.layer in side.network.graph.replicated for node in nodes)


def weight_mapping(before: Network, after: Network) -> WeightMapping:
    """Where the values of a second network come from if a run of the first has trained them."""
    return comparison(before.spec, after.spec, before, after).weights


def comparison(
    before: Spec,
    after: Spec,
    network: Network | None = None,
    other: Network | None = None,
    *,
    folds: bool = True,
) -> Comparison:
    """Lay two specs beside each other. More is known with their networks, `network` and `other`: then, with
    `folds`, what is told of a layer may be of one that the first spec has in two."""
    made = _unfolded(before, after, network, other)
    if not folds or network is None or other is None or made.by_name or not _may_fold(made):
        return made
    from specnet.diffs import folding  # what most pairs do without

    sides = folding.folded(network, other, made.names, _paired)
    if sides is None:
        return made
    found = _unfolded(sides[0].spec, sides[1].spec, *sides)
    if found.groups != made.groups:
        return made
    if rank(found.changes) < rank(made.changes) or (
        rank(found.changes) == rank(made.changes) and made.is_another() and not found.is_another()
    ):
        return replace(
            made,
            groups=found.groups,
            names=found.names,
            changes=[
                folding.in_own_words(change, made.old, made.new, found.names) for change in found.changes
            ],
            shares=found.shares,
            folded=found,
        )
    return made


def _paired(old: Network, new: Network) -> set[tuple[str, str]]:
    """The layers of two networks that stand in both; one may be several, which are its shares."""
    made = _unfolded(old.spec, new.spec, old, new)
    return {*made.names.items(), *((a.layer, b.layer) for one, two in made.shares for a in one for b in two)}


def _may_fold(made: Comparison) -> bool:
    """Whether some change of a layer may be none, if layers are folded."""
    return any(c.layer and c.op != "rename" for c in made.changes)


def _unfolded(before: Spec, after: Spec, network: Network | None, other: Network | None) -> Comparison:
    new = Side.of(after, other)
    found = [_on_groups(before, network, new, groups) for groups in _group_names(before, after)]
    if len(found) == 1:
        return _as_one(found[0])
    best = min(found, key=lambda made: rank(made.changes))
    same = next((made for made in found if made.is_valid and not made.is_another()), best)
    if same is not best and best.is_another():
        return replace(best, groups_exchanged=same)
    return _as_one(best)


def _group_names(before: Spec, after: Spec) -> Iterator[dict[str, str]]:
    """What the groups of the first spec may be called in the second."""
    yield renamed_groups(before, after)
    if before.groups != after.groups and set(before.groups) == set(after.groups):
        pairs = zip(before.groups, after.groups, strict=True)
        yield {old: new for old, new in pairs if old != new}


def _on_groups(before: Spec, network: Network | None, new: Side, groups: Mapping[str, str]) -> Comparison:
    if groups:
        before = before.on_groups(groups)
        network = network.on_groups(groups) if network else None
    old = Side.of(before, network)
    names, changes = matched(old, new)
    made = Comparison(old, new, groups, names, changes, list(_pairs(old, new, names)))
    if changes and old.network is not None and new.network is not None:
        from specnet.diffs import long_form  # what most pairs do without

        found = long_form.compared(old, new, names)
        if found is not None and rank(found.changes) < rank(changes):
            made = Comparison(old, new, groups, found.names, found.changes, found.shares)
    return _told(made)


def _told(made: Comparison) -> Comparison:
    """A comparison that tells the groups' new names, too, and not what a recipe says in other words."""
    old, new = made.old, made.new
    renames = [Change("rename", f"groups.{was}", was, now) for was, now in made.groups.items()]
    words = set[str]()
    if made.is_valid and {c.path for c in made.changes} & WORDS:
        words = said_otherwise(old, new, made.shares)
    left = [change for change in made.changes if change.path not in words]
    return replace(made, changes=[*renames, *left])


def _as_one(made: Comparison) -> Comparison:
    """The same comparison, or one by which the two are the same network, where it takes them for another.

    That they are is told by the names that layers have exchanged, unless it takes fewer words to say that one
    of them stands elsewhere.
    """
    old, new = made.old.network, made.new.network
    if old is None or new is None or not made.changes or made.by_name:
        return made
    if not made.is_another():
        return _without_joins(made, old, new)
    found = same_shares(old, new)
    if found is None:
        return made
    pairs = [((one,), (other,)) for one, other in found.items()]
    exact = replace(made, one_for_one=pairs)
    if exact.is_another():
        return made
    names = layer_names(made.old, made.new, found)
    if names is None:
        return exact
    changes, shares = edits(made.old, made.new, names), list(_pairs(made.old, made.new, names))
    named = _told(Comparison(made.old, made.new, made.groups, names, changes, shares))
    told = sum(1 + len(change.along) for change in made.changes)
    news = {c.path for c in named.changes if c.op != "rename"} - {c.path for c in made.changes}
    return exact if named.is_another() or news or len(named.changes) > told else named


def _pairs(old: Side, new: Side, names: Mapping[str, str]) -> Iterator[Pair]:
    if old.network is None or new.network is None:
        return
    for before, after in names.items():
        if old.layers[before].kind == new.layers[after].kind:
            yield old.network.graph.nodes[before], new.network.graph.nodes[after]
