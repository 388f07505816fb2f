"""What a training minimizes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.schema.strict import Strict


class Loss(Strict):
    """Base of all loss kinds, which are registered in the entry-point group `specnet.losses`."""

    kind: str
    from_: Annotated[str, Field(alias="from", description="The layer whose outputs the loss reads.")]


class SoftmaxCrossEntropy(Loss):
    """-log softmax(logits)[label], the mean over the global batch. `from` names the layer of the logits."""

    kind: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    from_: Annotated[str, Field(alias="from", description="The layer whose outputs are the logits.")]
