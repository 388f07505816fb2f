"""What a run is trained with and its spec has no word for: backend, seed and the like.

They are a comment line of the run's `spec.yaml`, as JSON. What was left open is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MARK = "# trained with "


def as_line(options: Mapping[str, Any]) -> str:
    """The line; nothing for no options."""
    return f"{MARK}{json.dumps(dict(options))}\n" if options else ""


def in_text(text: str) -> dict[str, Any]:
    """The options in a run's `spec.yaml`; none if it does not tell any."""
    for line in text.splitlines():
        if line.startswith(MARK):
            try:
                found = json.loads(line.removeprefix(MARK))
            except (ValueError, RecursionError):
                return {}
            return found if isinstance(found, dict) else {}
    return {}
