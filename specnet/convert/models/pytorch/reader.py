"""A `.pt2` archive of torch.export -> a draft."""

from __future__ import annotations

from specnet.convert.models.draft import Draft
from specnet.convert.models.pytorch import functions, layers  # noqa: F401  (they register operators)
from specnet.convert.models.pytorch.program import parse
from specnet.convert.models.pytorch.walk import Walk
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line


def read(data: bytes, name: str) -> Draft:
    """The network in the bytes of a file called `name`, and a finding for each operator without a meaning.

    Nothing of the file is executed, and no pickle in it is read. Raises `UsageError` for what is no archive
    of one exported model.
    """
    program = parse(data, name)
    draft = Draft(name)
    try:
        Walk(program, draft).go()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UsageError(f"the graph of {one_line(name)} is damaged: {one_line(repr(error))}") from None
    draft.lost.append(f"Exported by PyTorch {one_line(program.version)}: it has no recipe and no devices.")
    return draft
