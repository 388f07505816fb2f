"""Picture -> one HTML file: the drawing, the layer table or a diff beside it, details under the pointer.

Nothing is fetched from anywhere. Without JavaScript the details are still there, as the browser's tooltips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from specnet.drawing import svg
from specnet.drawing.figure import Picture
from specnet.drawing.page import SCRIPT, STYLE
from specnet.network.network import Network
from specnet.tables import build
from specnet.text import describe, html_text, plural, verb


def render(picture: Picture, network: Network) -> str:
    """The page of a network."""
    return page(picture.title, "".join(_table(network)), picture)


def page(title: str, beside: str, picture: Picture | None = None) -> str:
    """A page with HTML beside a picture, or with the HTML alone."""
    main, figure, script = '<main class="alone">', "", ""
    if picture is not None:
        main = "<main>"
        figure = f'<figure style="--width: {picture.width:.0f}px">{svg.render(picture)}</figure>'
        script = f'<div id="details" hidden></div>\n<script>{SCRIPT}</script>'
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
            '<link rel="icon" href="data:,">',
            f"<title>{html_text(title)}</title>",
            f"<style>{STYLE}</style></head>",
            "<body>",
            f"{main}{figure}<aside>{beside}</aside></main>",
            script,
            "</body></html>",
            "",
        ]
    )


def _table(network: Network) -> Iterator[str]:
    table = build.make(network)
    yield '<table class="layers"><thead>' + line(
        ("layer", "kind", "reads", "output", "parameters", "MACs"), tag="th"
    )
    yield "</thead><tbody>"
    for row in table.rows:
        reads = escape(", ".join(row.reads))
        if row.cross_group:
            reads = f'<b class="crosses" title="reads every group\'s share">{reads}</b>'
        yield (
            f'<tr data-layer="{escape(row.name)}"><td><b>{escape(row.name)}</b></td>'
            f"<td>{escape(row.kind)}</td><td>{reads}</td><td>{describe(row.output_shape)}</td>"
            f"<td>{_count(row.parameters)}</td><td>{_count(row.macs)}</td></tr>"
        )
    yield "</tbody><tfoot>"
    totals = table.totals
    for name, held in table.groups.items() if len(table.groups) > 1 else ():
        yield line((f"on {name}", "", "", "", _count(held.parameters), _count(held.macs)))
    yield line(("total", "", "", "", _count(totals.parameters), _count(totals.macs)))
    yield f"</tfoot></table><p>{totals.activations:,} activations in layers with parameters.</p>"
    if len(table.groups) > 1:
        edges = totals.cross_group_edges
        yield (
            f'<p><b class="crosses">{plural(edges, "cross-group edge")}</b> '
            f"{verb(edges, 'carry', 'carries')} {totals.cross_group_values:,} values for each image.</p>"
        )


def line(texts: Sequence[str], tag: str = "td") -> str:
    """A row of texts."""
    return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"


def _count(count: int) -> str:
    return f"{count:,}" if count else ""
