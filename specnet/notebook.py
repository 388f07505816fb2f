"""What notebooks show in place of text: HTML fragments, without styles of their own but the alignment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

from specnet.text import printable


def said(text: str) -> str:
    """Text from anywhere, which shows as it is and does nothing."""
    return escape(printable(text, keep="\n"))


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", right: Collection[int] = ()
) -> str:
    """A table of texts. Columns in `right` are aligned to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        parts = [
            f'<{tag} style="text-align:{"right" if i in right else "left"}">{said(cell)}</{tag}>'
            for i, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    above = f"<caption>{said(caption)}</caption>" if caption else ""
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{above}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def lines(texts: Iterable[str]) -> str:
    """Lines in a paragraph; nothing for none."""
    joined = "<br>".join(map(said, texts))
    return f"<p>{joined}</p>" if joined else ""
