"""An ONNX file -> a draft."""

from __future__ import annotations

from specnet.convert.models.draft import Draft
from specnet.convert.models.onnx import layout, products, values, windows  # noqa: F401  (they register operators)
from specnet.convert.models.onnx.model import parse
from specnet.convert.models.onnx.own import own_spec
from specnet.convert.models.onnx.walk import Walk
from specnet.text import one_line


def read(data: bytes, name: str) -> Draft:
    """The network in the bytes of a file called `name`, and a finding for each operator without a meaning.

    A file that specnet has written has its spec with it. Nothing of the file is executed, and no other one is
    opened. Raises `UsageError` for what is no ONNX file.
    """
    model = parse(data, name)
    draft = Draft(name)
    known = own_spec(model, len(data))
    if known is not None:
        draft.spec, draft.state = known
        return draft
    Walk(model, draft).go()
    made_by = f", written by {one_line(model.producer)}" if model.producer else ""
    draft.lost.append(f"ONNX, operator set {model.opset}{made_by}: it has no recipe and no devices.")
    kinds = {part.kind for part in draft.parts}
    if "dropout" not in kinds:
        draft.lost.append("A model that was exported for evaluation has lost its dropout; none is there.")
    if "batch_norm" not in kinds and "conv" in kinds:
        draft.lost.append("Batch normalization may have been put into the convolutions in front of it.")
    return draft
