"""Pictures of networks: what there is to tell (`content`), where it goes (`layout`), and one file per format.

Nothing here needs more than the standard library, but for PNG, which Pillow draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import suggestion

if TYPE_CHECKING:
    from specnet.network.network import Network

FORMATS = ("svg", "png", "html", "mmd", "dot")


def format_of(output: str, named: str | None = None) -> str:
    """The format that is named, or the one that the file's suffix means; `-` is standard output.

    Raises `UsageError` if neither says one of `FORMATS`.
    """
    form = (named or ("" if output == "-" else Path(output).suffix)).lower().removeprefix(".")
    if form in FORMATS:
        return form
    if not form:
        where = "standard output" if output == "-" else f"'{output}', which has no suffix"
        raise UsageError(f"no format is given for {where}", f"add --format {'|'.join(FORMATS)}")
    raise UsageError(f"there is no picture format '{form}'", suggestion(form, FORMATS, noun="format"))


def draw(network: Network, form: str, before: Network | None = None) -> bytes:
    """A file in one of `FORMATS` that shows a network, or what changed in it since `before`.

    Raises `PluginError` for PNG without Pillow, `UsageError` for a PNG beyond all bounds.
    """
    from specnet.drawing import changes, content

    told = content.of(network) if before is None else changes.between(before, network)
    if form == "mmd":
        from specnet.drawing import mermaid

        return mermaid.render(told).encode()
    if form == "dot":
        from specnet.drawing import dot

        return dot.render(told).encode()
    from specnet.drawing.layout import lay_out

    picture = lay_out(told)
    if form == "png":
        from specnet.drawing import png

        return png.render(picture)
    if form == "html" and before is not None:
        from specnet.diffs.diff import of_networks
        from specnet.drawing import review

        return review.render(of_networks(before, network), picture).encode()
    if form == "html":
        from specnet.drawing import html

        return html.render(picture, network).encode()
    from specnet.drawing import svg

    return svg.render(picture).encode()
