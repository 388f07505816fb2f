"""What stands around the boxes: titles, the groups' panels, notes beside crossings, the legend."""

from __future__ import annotations

from collections import defaultdict

from specnet.drawing.content import Content
from specnet.drawing.figure import Rect, Text
from specnet.drawing.frame import MARGIN, PAD, Frame
from specnet.drawing.style import (
    CROSSING,
    CROSSING_IN_DIFF,
    CROSSING_TEXT,
    FAMILIES,
    INK,
    LINE,
    MUTED,
    PANEL,
    PANEL_LINE,
    SMALL,
    STATUS_TEXT,
    STATUSES,
    Status,
    clipped,
    text_width,
)

Sample = tuple[str, str, str, float]
"""Words, fill, stroke and height of a sample in the legend."""


def panels(content: Content, frame: Frame) -> tuple[Rect, ...]:
    """A panel for each group."""
    top, bottom = frame.panel_y
    rects: list[Rect] = []
    for column in content.columns:
        left, right = frame.panel_x[column.name]
        stroke = PANEL_LINE if column.status == "same" else STATUSES[column.status].stroke
        dashed = column.status == "removed"
        rects.append(Rect(left, top, right - left, bottom - top, PANEL, stroke, 12, dashed=dashed))
    return tuple(rects)


def around(content: Content, frame: Frame) -> tuple[tuple[Text, ...], tuple[Rect, ...], float]:
    """All texts outside of boxes, the legend's samples, and the picture's width."""
    texts = [
        Text(MARGIN, MARGIN + 20, content.title, 21, INK, bold=True),
        Text(MARGIN, MARGIN + 42, content.subtitle, 12.5, MUTED),
    ]
    for column in content.columns:
        texts += _column_texts(column.name, column.note, column.status, frame)
    notes = _notes(content, frame)
    legend, swatches = _legend(content, frame)
    texts += notes + legend
    ends = [t.x + text_width(t.text, t.size, bold=t.bold) for t in texts if t.anchor == "start"]
    return tuple(texts), tuple(swatches), max(frame.right, *ends) + MARGIN


def _column_texts(name: str, note: str, status: Status, frame: Frame) -> list[Text]:
    left, right = frame.panel_x[name]
    top, bottom = frame.panel_y
    color = INK if status == "same" else STATUS_TEXT[status]
    # Edges come in at the middle of the first lane, so the name ends before it.
    head = clipped(name, 14, frame.box_width / 2 - 30, bold=True)
    foot = clipped(note, SMALL + 0.5, right - left - 2 * PAD)
    return [
        Text(left + PAD, top + 22, head, 14, color, bold=True),
        Text((left + right) / 2, bottom - 14, foot, SMALL + 0.5, MUTED, "middle"),
    ]


def _notes(content: Content, frame: Frame) -> list[Text]:
    """How many numbers cross under which row, beside it; in a diff, before and after."""
    values: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for link in content.crossings().values():
        values[frame.grid.row[link.target] - 1][1] += link.values
    for link in content.crossings_before().values():
        values[frame.grid.row[link.target] - 1][0] += link.crossed
    notes: list[Text] = []
    for row, (before, after) in values.items():
        top, bottom = frame.strip_y[row]
        middle, x = (top + bottom) / 2, frame.right + 16
        color = CROSSING_IN_DIFF if content.is_diff else CROSSING_TEXT
        words = f"{before:,} -> {after:,}" if content.is_diff and before != after else f"{after:,}"
        notes.append(Text(x, middle - 1, words, 13, color, bold=True))
        notes.append(Text(x, middle + 14, "values cross", SMALL, color))
    return notes


def _legend(content: Content, frame: Frame) -> tuple[list[Text], list[Rect]]:
    x, y = MARGIN, frame.bottom + 34
    texts: list[Text] = []
    swatches: list[Rect] = []
    for words, fill, stroke, height in _samples(content):
        swatches.append(Rect(x, y - 4 - height / 2, 20, height, fill, stroke, radius=min(height / 2, 3)))
        texts.append(Text(x + 27, y, words, SMALL, MUTED))
        x += 27 + text_width(words, SMALL) + 22
        if x > frame.right - 90:
            x, y = MARGIN, y + 20
    return texts, swatches


def _samples(content: Content) -> list[Sample]:
    """What needs an explanation in this picture, and nothing else."""
    samples: list[Sample] = []
    if content.is_diff:
        statuses = {item.status for item in content.items.values()} | {link.status for link in content.links}
        shown: list[Status] = [s for s in ("added", "removed", "changed", "same") if s in statuses]
        for status in shown:
            words = "unchanged" if status == "same" else status
            samples.append((words, STATUSES[status].fill, STATUSES[status].stroke, 12.0))
        if any(link.crosses for link in content.links):
            samples.append(("crosses groups", CROSSING_IN_DIFF, CROSSING_IN_DIFF, 3.0))
        return samples
    kinds: dict[str, set[str]] = defaultdict(set)
    for item in content.items.values():
        kinds[item.family].add(item.kind)
    for family in ("map", "units"):
        if family in kinds:
            listed = ", ".join(sorted(kinds[family])[:6])
            samples.append((listed, FAMILIES[family].fill, FAMILIES[family].stroke, 12.0))
    if len(content.columns) > 1:
        samples.append(("within a group", LINE, LINE, 1.5))
        samples.append(("crosses groups", CROSSING, CROSSING, 3.0))
    return samples
