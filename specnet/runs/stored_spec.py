"""`spec.yaml` of a run: the spec as it is trained, its options, what was changed on the way, and a checksum.

All but the spec are comments at the end, so that the file is a spec like any other and changes in one piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specnet.diagnostics.errors import RunError
from specnet.runs import run_options
from specnet.spec import spec as spec_module
from specnet.spec.spec import Spec
from specnet.storage import reading
from specnet.storage.checksum import checksummed_text, verified_text
from specnet.syntax import document
from specnet.syntax.emit import written

CHANGED = "# changed at step "


@dataclass(frozen=True)
class StoredSpec:
    """`history` has a line for each change: `120: training.optimizer.learning_rate: 0.01 -> 0.001`.

    `options` are what the run is trained with and its spec has no word for; a run that was made from imported
    weights has none before it is trained.
    """

    spec: Spec
    history: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        changes = "".join(f"{CHANGED}{line}\n" for line in self.history)
        return checksummed_text(as_text(self.spec) + run_options.as_line(self.options) + changes)


def read(path: Path) -> StoredSpec:
    """The spec of a run. Raises `RunError` if a byte of the file is another than was written."""
    try:
        text = verified_text(reading.read(path, document.MAX_BYTES))
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        hint = (
            "put the file back; changes of the recipe go into the spec that is given to "
            "`specnet train --resume --allow-changes`"
        )
        raise RunError(f"{path} is damaged: {error}", hint) from None
    history = [line.removeprefix(CHANGED) for line in text.splitlines() if line.startswith(CHANGED)]
    return StoredSpec(spec_module.load(document.parse(text, str(path))), history, run_options.in_text(text))


def as_text(spec: Spec) -> str:
    """The fully resolved spec as YAML, one layer a line: every default written out.

    Only `cross_group: false` is not where the spec does not have it, for written out it says something more.
    """
    lines: list[str] = []
    for key, value in spec.as_yaml().items():
        if key in ("layers", "training"):
            lines.append(f"{key}:")
            for name, part in value.items():
                if key == "layers" and not spec.layers[name].own_share_meant and not part.get("cross_group"):
                    part.pop("cross_group", None)
                lines.append(f"  {written(name)}: {written(part)}")
        else:
            lines.append(f"{key}: {written(value)}")
    return "\n".join(lines) + "\n"
