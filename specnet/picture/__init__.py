"""Pictures of networks: what there is to tell (`content`), where it goes (`layout`), and one file per format.

Nothing here needs more than the standard library, but for PNG, which Pillow draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specnet.network import Network

FORMATS = ("svg", "png", "html", "mmd", "dot")


def draw(network: Network, form: str, before: Network | None = None) -> bytes:
    """A file in one of `FORMATS` that shows a network, or what changed in it since `before`.

    Raises `errors.PluginError` for PNG without Pillow, `errors.UsageError` for a PNG beyond all bounds.
    """
    from specnet.picture import changes, content

    told = content.of(network) if before is None else changes.between(before, network)
    if form == "mmd":
        from specnet.picture import mermaid

        return mermaid.render(told).encode()
    if form == "dot":
        from specnet.picture import dot

        return dot.render(told).encode()
    from specnet.picture.layout import lay_out

    picture = lay_out(told)
    if form == "png":
        from specnet.picture import png

        return png.render(picture)
    if form == "html":
        from specnet.picture import html

        return html.render(picture, network, before).encode()
    from specnet.picture import svg

    return svg.render(picture).encode()
