"""A file of Keras's -> a draft."""

from __future__ import annotations

from specnet.convert.models.draft import Draft
from specnet.convert.models.keras import functions, products, values, windows  # noqa: F401  (they register layers)
from specnet.convert.models.keras.recipe import recipe
from specnet.convert.models.keras.saved import opened
from specnet.convert.models.keras.walk import Walk
from specnet.text import one_line


def read(data: bytes, name: str) -> Draft:
    """The network in the bytes of a file called `name`, and a finding for each layer without a meaning.

    Its configuration is read as data: nothing of it is called or imported. Raises `UsageError` for what is no
    model of Keras's.
    """
    saved = opened(data, name)
    draft = Draft(name)
    version = f" {one_line(saved.version)}" if saved.version else ""
    draft.lost.append(f"Keras{version}: it has no devices.")
    if saved.weights is None:
        draft.lost.append("The file has no weights.")
    Walk(saved, draft).go()
    if not draft.findings:
        recipe(saved.training, draft)
    return draft
