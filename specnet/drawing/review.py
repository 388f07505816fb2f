"""A diff as one HTML file for a reviewer: the picture, every change, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from specnet.diffs.change import SIGNS, Change
from specnet.diffs.diff import Diff
from specnet.diffs.variants import Variants
from specnet.drawing import changes
from specnet.drawing.figure import Picture
from specnet.drawing.html import line, page
from specnet.drawing.layout import lay_out
from specnet.network.network import Network
from specnet.text import html_lines, html_text, plural


def page_of(
    found: Diff | Variants, before: Network | None, after: Network | None, *more: Network | None
) -> str:
    """The page of a diff, without a picture where one of the two networks is not valid; or the table of
    variants, with the changes of each to be opened."""
    if isinstance(found, Variants):
        return page(f"variants of {found.base}", found._repr_html_())
    return render(found, lay_out(changes.between(before, after)) if before and after else None)


def render(diff: Diff, picture: Picture | None) -> str:
    """The page of a diff, beside its picture if there is one."""
    return page(picture.title if picture else "specnet diff", "".join(_told(diff)), picture)


def _told(diff: Diff) -> Iterator[str]:
    yield f"<h1>{plural(len(diff.changes), 'change') if diff else 'no differences'}</h1>"
    if diff:
        yield _table(diff.changes)
    for side, errors in diff.invalid.items():
        yield f"<h2>the {side} spec is not valid, so the consequences are unknown</h2>"
        yield html_lines(str(error).split("\n", 1)[0] for error in errors)
    if diff and diff.consequences:
        items = (f"<li>{html_text(words)}</li>" for words in diff.consequences.lines(everything=True))
        yield f"<h2>consequences</h2><ul>{''.join(items)}</ul>"
    if diff.rewritten:
        head = f"{plural(len(diff.rewritten), 'thing')} written otherwise, with the same meaning"
        yield f"<details><summary>{head}</summary>{_table(diff.rewritten)}</details>"


def _table(told: Iterable[Change]) -> str:
    head = line(("", "in the spec", "before", "after"), tag="th")
    rows = "".join(row for change in told for row in _rows(change))
    return f'<table class="changes"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _rows(change: Change, kind: str = "") -> Iterator[str]:
    """A change, and under it what came along with it."""
    sides = (change.words(side) if side is not None else "" for side in (change.before, change.after))
    box = str(change.after) if change.op == "rename" else change.layer
    layer = f' data-layer="{html_text(box)}"' if change.layer else ""
    cells = "".join(f"<td>{html_text(side)}</td>" for side in sides)
    yield (
        f'<tr class="{change.op}{kind}"{layer}><td>{SIGNS[change.op]}</td>'
        f"<td><b>{html_text(change.path)}</b></td>{cells}</tr>"
    )
    for other in change.along:
        yield from _rows(other, " along")
