"""`cross_group` put into a layer, and taken out of one."""

from __future__ import annotations

from specnet.diagnostics.diagnostic import Fix
from specnet.spec.spec import Locate
from specnet.syntax.edits import entry_added, entry_removed


def crossing_declared(layer: str, locate: Locate) -> Fix | None:
    """A layer with `cross_group: true`, unless it has something else to say about it."""
    path = ("layers", layer)
    holder, own = locate(path), locate((*path, "cross_group"), key=True)
    key, value = locate((*path, "from"), key=True), locate((*path, "from"))
    if holder is None or key is None or value is None or own != locate(path, key=True):
        return None
    return entry_added(holder, key, value, "cross_group: true")


def crossing_removed(layer: str, locate: Locate) -> Fix | None:
    """A layer without its `cross_group`."""
    path = ("layers", layer, "cross_group")
    key, value = locate(path, key=True), locate(path)
    return None if key is None or value is None else entry_removed(key, value)
