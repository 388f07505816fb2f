"""The layer table as text, Markdown, CSV and HTML."""

from __future__ import annotations

import csv
import html as escaping
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

from specnet.numerics.gc_pause import gc_paused
from specnet.tables.rows import Contents, Row
from specnet.text import columns, describe, few, plural, size, verb


class Column(NamedTuple):
    """One column: its head, what it shows of a layer, and whether it is aligned to the right.

    `total` names the part of the totals that belongs under it. Columns of a high `rank` go first where there
    is no room.
    """

    head: str
    cell: Callable[[Row], str]
    right: bool = False
    total: str | None = None
    rank: int = 0


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def _parameters(row: Row) -> str:
    return f"frozen {row.parameters:,}" if row.frozen else _number(row.parameters)


def _pair(values: Sequence[int]) -> str:
    return str(values[0]) if values[0] == values[1] else describe(values)


def window(row: Row) -> str:
    """Kernel, stride and padding: `5/1 +2`; a padding that differs by side is `+top,bottom,left,right`.

    A kernel with a dilation of 2 ends in `d2`.
    """
    if row.window is None or row.padding is None:
        return ""
    kernel, stride, dilation = row.window
    pads = sorted(set(row.padding))
    padding = f" +{pads[0]}" if len(pads) == 1 else f" +{','.join(map(str, row.padding))}"
    spread = f" d{_pair(dilation)}" if dilation != (1, 1) else ""
    return f"{_pair(kernel)}/{_pair(stride)}{padding if any(pads) else ''}{spread}"


def field(row: Row) -> str:
    """The receptive field; `all` for the full input."""
    return describe(row.receptive_field) if row.receptive_field else "all"


def table_columns(table: Contents) -> list[Column]:
    """All columns, from left to right."""
    memory = "memory" if table.images == 1 else f"memory x{table.images}"
    return [
        Column("layer", lambda row: row.name),
        Column("kind", lambda row: row.kind, rank=1),
        Column("groups", lambda row: few(row.groups, "+"), rank=2),
        Column("reads", lambda row: ("* " if row.cross_group else "") + few(row.reads)),
        Column("output", lambda row: describe(row.output_shape)),
        Column("window", window, rank=3),
        Column("sees", field, right=True, rank=5),
        Column("parameters", _parameters, right=True, total="parameters"),
        Column("MACs", lambda row: _number(row.macs), right=True, total="macs"),
        Column(memory, lambda row: size(row.memory), right=True, total="memory", rank=4),
    ]


@gc_paused()
def text(table: Contents, width: int | None = None, full_views: str = "") -> str:
    """Columns under one another. Without a width nothing is left out; `full_views` are ways to see all."""
    shown = table_columns(table)
    left_out: list[str] = []
    made = _aligned(table, shown)
    while width is not None and max(map(len, made.split("\n"))) > width and any(c.rank for c in shown):
        widest = max(shown, key=lambda column: column.rank)
        shown.remove(widest)
        left_out.insert(0, widest.head)
        made = _aligned(table, shown)
    lines = [table.name, made, *notes(table)]
    if left_out:
        lines.append(f"no room for: {', '.join(left_out)} ({full_views} show all)")
    return "\n".join(lines)


def _aligned(table: Contents, shown: Sequence[Column]) -> str:
    body = [[column.cell(row) for column in shown] for row in table.rows]
    right = {index for index, column in enumerate(shown) if column.right}
    return columns([column.head for column in shown], [body, _totals(table, shown)], right=right)


def _totals(table: Contents, shown: Sequence[Column]) -> list[list[str]]:
    """A line for each group if there are several, and one for the full network."""
    parts: list[tuple[str, object]] = [("total", table.totals)]
    if len(table.groups) > 1:
        parts = [*((f"on {name}", group) for name, group in table.groups.items()), *parts]
    lines = []
    for name, part in parts:
        cells = [
            "" if column.total is None
            else size(getattr(part, column.total)) if column.total == "memory"
            else f"{getattr(part, column.total):,}"
            for column in shown
        ]  # fmt: skip
        lines.append([name, *cells[1:]])
    return lines


def notes(table: Contents) -> list[str]:
    """What stands under the table: activations, crossings, traffic and memory."""
    t = table.totals
    lines = [f"{t.activations:,} activations in layers with parameters"]
    if t.frozen_parameters:
        trained = t.parameters - t.frozen_parameters
        lines.insert(0, f"{trained:,} parameters are trained, {t.frozen_parameters:,} are frozen")
    if len(table.groups) > 1:
        carried = f"{t.cross_group_values:,} values for each image"
        edges = plural(t.cross_group_edges, "cross-group edge")
        lines.append(f"{edges} (*) {verb(t.cross_group_edges, 'carry', 'carries')} {carried}")
    step = f"a step of {plural(table.images, 'image')}"
    if table.traffic:
        routes = few([f"{a} -> {b} {size(moved)}" for (a, b), moved in table.traffic.items()])
        lines.append(f"{step} moves {size(sum(table.traffic.values()))}: {routes}")
    least = few([f"{name} {size(group.needs)}" for name, group in table.groups.items()])
    lines.append(f"{step} needs at least: {least}")
    return lines


def markdown(table: Contents) -> str:
    """A Markdown table with the notes as a list under it."""
    shown = table_columns(table)
    lines = [[column.head for column in shown], ["--:" if column.right else "---" for column in shown]]
    lines += [
        [column.cell(row).replace("* ", r"\* ").replace("|", r"\|") for column in shown] for row in table.rows
    ]
    lines += [[f"**{cell}**" if cell else "" for cell in line] for line in _totals(table, shown)]
    rows = [f"| {' | '.join(line)} |" for line in lines]
    listed = [f"- {note}".replace("(*)", r"(\*)") for note in notes(table)]
    return "\n".join([f"**{table.name}**", "", *rows, "", *listed])


CSV: dict[str, Callable[[Row], object]] = {
    "layer": lambda row: row.name,
    "kind": lambda row: row.kind,
    "groups": lambda row: "+".join(row.groups),
    "from": lambda row: " ".join(row.reads),
    "cross_group": lambda row: str(row.cross_group).lower(),
    "output_shape": lambda row: describe(row.output_shape),
    "kernel": lambda row: describe(row.window.kernel) if row.window else "",
    "stride": lambda row: describe(row.window.stride) if row.window else "",
    "dilation": lambda row: describe(row.window.dilation) if row.window else "",
    "padding": lambda row: " ".join(map(str, row.padding)) if row.padding else "",
    "receptive_field": lambda row: describe(row.receptive_field) if row.receptive_field else "",
    "parameters": lambda row: row.parameters,
    "macs": lambda row: row.macs,
    "memory": lambda row: row.memory,
    "frozen": lambda row: str(row.frozen).lower(),
}


def csv_text(table: Contents) -> str:
    """A head and a line for each layer, as RFC 4180 has it but with plain line ends."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(CSV)
    writer.writerows([cell(row) for cell in CSV.values()] for row in table.rows)
    return written.getvalue()


def html(table: Contents) -> str:
    """One HTML table."""
    shown = table_columns(table)

    def line(cells: Sequence[str], tag: str = "td") -> str:
        parts = [
            f'<{tag} style="text-align:{"right" if column.right else "left"}">{escaping.escape(cell)}</{tag}>'
            for column, cell in zip(shown, cells, strict=True)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    body = [line([column.cell(row) for column in shown]) for row in table.rows]
    foot = [line(cells, "th") for cells in _totals(table, shown)]
    under = "<br>".join(escaping.escape(note) for note in notes(table))
    return (
        f"<table><caption>{escaping.escape(table.name)}</caption>"
        f"<thead>{line([column.head for column in shown], 'th')}</thead>"
        f"<tbody>{''.join(body)}</tbody><tfoot>{''.join(foot)}</tfoot></table><p>{under}</p>"
    )
