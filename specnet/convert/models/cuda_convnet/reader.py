"""A layer file of cuda-convnet, and its file of parameters -> a draft."""

from __future__ import annotations

from specnet.convert.models.cuda_convnet import ini, places
from specnet.convert.models.cuda_convnet.layers import finish
from specnet.convert.models.cuda_convnet.recipe import costs_in_order, recipe
from specnet.convert.models.cuda_convnet.walk import Walk
from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.convert.models.tidy import tidy
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line


def read(
    data: bytes,
    name: str,
    *,
    params: tuple[bytes, str] | None = None,
    image_size: tuple[int | None, int, int] | None = None,
) -> Draft:
    """The network in the bytes of a layer file called `name`.

    `params` is the content and the name of the file of parameters, `image_size` the size of its images, which
    are its data's. Raises `UsageError` for what is no layer file.
    """
    draft = Draft(name)
    sections = ini.parse(data, name)
    if not any(section.has("type") for section in sections.values()):
        raise UsageError(f"{one_line(name)} is no layer file of cuda-convnet", "its layers have no types")
    walk = Walk(draft, ini.parse(*params) if params else {}, image_size)
    walk.go(sections, finish)
    if draft.findings:
        return draft
    answers = [cost.part for cost in costs_in_order(walk.costs)] if walk.costs else _unread(walk)
    draft.outputs = dict.fromkeys(answers)
    if not draft.outputs:
        raise UsageError(f"{one_line(name)} gives nothing that is computed from its images")
    try:
        tidy(draft)
        places.put(walk)
        if params is not None and walk.costs:
            draft.training = recipe(walk)
        elif params is not None:
            raise next(iter(sections.values())).refuse(
                "the network has no cost.logreg, and a recipe needs a loss"
            )
    except UnsayableError as finding:
        draft.findings.append(finding.finding())
    about = "with its parameters" if params else "whose recipe is in its file of parameters, --params"
    draft.lost.insert(0, f"A layer file of cuda-convnet, {about}.")
    draft.lost.append(
        "What the command line said is not in it: epochs, the batch, crops and views of images."
    )
    if walk.replicated:
        draft.lost.append("Some layers are on several GPUs with images of their own; here they are on one.")
    return draft


def _unread(walk: Walk) -> list[Part]:
    """The layers that no other one reads."""
    parts = [value for value in walk.values.values() if isinstance(value, Part)]
    return [part for part in dict.fromkeys(parts) if not part.readers]
