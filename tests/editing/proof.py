"""All kinds of edit on many networks: what is claimed of each, the figures, and the failures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from editing.claims import Failure, failures
from editing.data import valid
from editing.edit import KINDS, Case, Edited, edit
from editing.pair import Pair, Side
from specnet.syntax.emit import written

EVERY = 10
"""Networks after which progress is told."""


@dataclass
class Failed:
    """A pair of which something that is not true is said."""

    kind: str
    network: str
    failure: Failure
    before: Any
    edited: Edited

    @property
    def size(self) -> int:
        return len(written(self.before)) + len(written(self.edited.data))

    def without_recipe(self) -> Failed:
        """The same with a short recipe, if that fails, too."""
        before, after = (_without_recipe(data) for data in (self.before, self.edited.data))
        edited = replace(self.edited, data=after)
        if valid(before) and valid(after):
            for failure in failures(Pair(Side(before), Side(after), edited)):
                if failure.claim == self.failure.claim:
                    return replace(self, failure=failure, before=before, edited=edited)
        return self


def _without_recipe(data: Any) -> Any:
    if "training" not in data:
        return data
    kept = {key: data["training"][key] for key in ("loss", "weights") if key in data["training"]}
    return {**data, "training": {**kept, "optimizer": {"kind": "sgd", "learning_rate": 0.1}}}


@dataclass
class Figures:
    """What became of the edits of one kind. `changes` and `edits` are sums over the pairs."""

    pairs: int = 0
    unfit: int = 0
    edits: int = 0
    changes: int = 0
    coincidences: int = 0
    failed: int = 0
    claims: Counter[str] = field(default_factory=Counter)


@dataclass
class Tally:
    figures: dict[str, Figures] = field(default_factory=dict)
    failures: list[Failed] = field(default_factory=list)

    def add(self, kind: str, network: str, pair: Pair | None) -> None:
        """Hold the claims about an edit against the truth; None where there is no edit of the kind."""
        figures = self.figures.setdefault(kind, Figures())
        if pair is None:
            figures.unfit += 1
            return
        figures.pairs += 1
        figures.edits += pair.edited.edits
        found = failures(pair)
        try:
            figures.changes += len(pair.diff.changes)
            figures.coincidences += pair.is_coincidence
        except Exception:  # it is among the failures
            assert found
        figures.failed += bool(found)
        figures.claims.update({failure.claim for failure in found})
        self.failures += [Failed(kind, network, failure, pair.before.data, pair.edited) for failure in found]

    def lines(self) -> Iterator[str]:
        """The figures by kind, for people."""
        width = max(map(len, self.figures), default=0)
        yield f"{'kind of edit':{width}}  pairs  unfit  edits  changes  equal  failed"
        for kind, own in self.figures.items():
            claims = ", ".join(f"{claim} {times}" for claim, times in own.claims.most_common())
            row = f"{own.pairs:5}  {own.unfit:5}  {own.edits:5}  {own.changes:7}  {own.coincidences:5}"
            yield f"{kind:{width}}  {row}  {own.failed:6}  {claims}".rstrip()
        pairs, failed = (
            sum(getattr(own, key) for own in self.figures.values()) for key in ("pairs", "failed")
        )
        yield f"{pairs} pairs, {failed} of which something is said that is not true"

    def report(self) -> Iterator[str]:
        """The failures by kind and claim, most frequent first, each with the smallest pair, as Markdown."""
        groups: dict[tuple[str, str], list[Failed]] = {}
        for failed in self.failures:
            groups.setdefault((failed.kind, failed.failure.claim), []).append(failed)
        for (kind, claim), own in sorted(groups.items(), key=lambda item: -len(item[1])):
            failed = min(own, key=lambda failed: failed.size).without_recipe()
            pair = Pair(Side(failed.before), Side(failed.edited.data), failed.edited)
            yield f"## {kind}: {claim} ({len(own)} times in {self.figures[kind].pairs} pairs)\n"
            yield f"{failed.failure.message} (network: {failed.network})\n"
            for side in (failed.before, failed.edited.data):
                yield f"```yaml\n{text(side)}\n```\n"
            told = [*map(str, pair.diff.changes), *(f"rewritten {change}" for change in pair.diff.rewritten)]
            anew = ", ".join(map(str, pair.mapping.anew))
            told.append(f"same network: {pair.mapping.same_network}; anew: {anew or 'none'}")
            yield f"told, where {pair.edited.edits} edits are true:\n\n```text\n{chr(10).join(told)}\n```\n"


def text(data: Any) -> str:
    """A spec with a line for each layer."""
    lines = [f"{key}: {written(value)}" for key, value in data.items() if key not in ("layers", "blocks")]
    for part in ("blocks", "layers"):
        if part in data:
            lines += [f"{part}:", *(f"  {name}: {written(value)}" for name, value in data[part].items())]
    return "\n".join(lines)


def prove(
    cases: Iterable[tuple[str, Case]],
    seed: int,
    kinds: Iterable[str] = KINDS,
    tell: Callable[[str], None] = lambda line: None,
) -> Tally:
    """An edit of each kind on each network. `tell` gets lines of progress."""
    tally, start = Tally(), time.monotonic()
    for done, (name, case) in enumerate(cases, start=1):
        before = Side(case.data)
        for kind in kinds:
            made = edit(kind, case, seed + done)
            pair = None
            if made is not None:
                edited = made[0]
                first = before if edited.written is None else Side(edited.written)
                pair = Pair(first, Side(edited.data), edited)
            tally.add(kind, name, pair)
        if done % EVERY == 0:
            failed = sum(own.failed for own in tally.figures.values())
            tell(f"{done} networks, {failed} failed pairs, {time.monotonic() - start:.0f} s")
    return tally
