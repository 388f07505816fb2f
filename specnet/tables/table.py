"""The table as data, and as JSON. What it looks like is in `formats`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specnet.tables import formats
from specnet.tables.rows import Contents, Row, Totals


@dataclass(frozen=True)
class Table(Contents):
    """The layer table. `str()` is what `specnet table` prints."""

    def as_json(self) -> dict[str, Any]:
        """The table under the keys that `table --json` promises; bytes are under `step`."""
        counted = ("parameters", "frozen_parameters", "macs")
        return {
            "schema_version": 1,
            "name": self.name,
            "layers": [_row_as_json(row) for row in self.rows],
            "groups": {n: {key: getattr(group, key) for key in counted} for n, group in self.groups.items()},
            "totals": {key: getattr(self.totals, key) for key in Totals.__slots__ if key != "memory"},
            "step": {
                "images": self.images,
                "memory": {name: group.memory for name, group in self.groups.items()},
                "needs": {name: group.needs for name, group in self.groups.items()},
                "traffic": [{"from": a, "to": b, "bytes": moved} for (a, b), moved in self.traffic.items()],
            },
        }

    def __str__(self) -> str:
        return formats.text(self)

    def text(
        self, width: int | None = None, full_views: str = "a greater width, as_markdown() or as_csv()"
    ) -> str:
        """The table for people; columns that do not fit into `width` are left out, and named, with the
        ways to see them, `full_views`."""
        return formats.text(self, width, full_views)

    def as_markdown(self) -> str:
        """The table for a pull request or a page."""
        return formats.markdown(self)

    def as_csv(self) -> str:
        """A line for each layer, numbers plain, for a spreadsheet."""
        return formats.csv_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return formats.html(self)


def _row_as_json(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "groups": list(row.groups),
        "from": list(row.reads),
        "cross_group": row.cross_group,
        "output_shape": list(row.output_shape),
        "parameters": row.parameters,
        "macs": row.macs,
        "kernel": list(row.window.kernel) if row.window else None,
        "stride": list(row.window.stride) if row.window else None,
        "dilation": list(row.window.dilation) if row.window else None,
        "padding": list(row.padding) if row.padding else None,
        "receptive_field": list(row.receptive_field) if row.receptive_field else None,
        "memory": row.memory,
        "frozen": row.frozen,
    }
