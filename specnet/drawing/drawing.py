"""A picture as Python has it: a notebook shows it, and a file keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specnet.drawing.draw import draw, format_of
from specnet.network.network import Network
from specnet.schema.arguments import public
from specnet.storage import atomic


@dataclass(frozen=True, repr=False)
class Drawing:
    """A network, or what changed in it since `before`."""

    network: Network
    before: Network | None = None

    def __repr__(self) -> str:
        name = self.network.spec.name
        return f"<drawing of {f'{self.before.spec.name} -> {name}' if self.before else name}>"

    @public(format="form")
    def render(self, form: str = "svg") -> bytes:
        """The content of a file in one of `draw.FORMATS`. Raises `PluginError` for PNG without
        Pillow and `UsageError` for an unknown format."""
        return draw(self.network, format_of("-", form), self.before)

    @public(format="form")
    def save(self, path: str | Path, form: str | None = None) -> Path:
        """Write a file, in the format that its suffix means unless `form` names one; returns its path.

        Raises `UsageError` for an unknown format and a file that cannot be written.
        """
        return atomic.save(path, self.render(format_of(str(path), form)))

    def _repr_svg_(self) -> str:
        """What a notebook keeps, and a page made of it shows."""
        return self.render().decode()

    def _repr_html_(self) -> str:
        """What a notebook shows: a picture that is wider than the page can be moved sideways."""
        return f'<div style="overflow-x:auto">{self._repr_svg_()}</div>'
