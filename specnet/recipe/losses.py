"""What a training minimizes.

A kind declares what it reads, what labels it wants and what its head means; each backend has one function for
it, which is the mean over the images of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.recipe import heads
from specnet.schema.strict import Strict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.numerics.randomness import Array

Labels = Literal["class", "values"]
"""One class for each image, as its number (images,); or a number for each output (images, outputs)."""


class Loss(Strict):
    """Base of all loss kinds, which are registered in the entry-point group `specnet.losses`."""

    kind: str

    reads: ClassVar[tuple[str, ...]] = ("from_",)
    """The fields that name the layers whose outputs it reads. The first names the head: its outputs are the
    network's answer, and evaluations look at them alone."""

    labels: ClassVar[Labels] = "class"

    soft_labels: ClassVar[bool] = False
    """Whether a backend's function takes each class's share of an image, too, where `labels` are classes: a
    batch of mixed images has float64 (images, classes) in place of int64 (images,)."""

    head: ClassVar[heads.Values] = heads.Values()
    """What the outputs of the head mean."""

    @classmethod
    def reading_keys(cls) -> tuple[str, ...]:
        """The keys that name layers in the YAML mapping, the head's first."""
        return tuple(cls.model_fields[field].alias or field for field in cls.reads)

    @property
    def sources(self) -> dict[str, str]:
        """The layers that it reads by the keys that name them, the head first."""
        return {key: getattr(self, field) for key, field in zip(self.reading_keys(), self.reads, strict=True)}

    @property
    def head_layer(self) -> str:
        """The layer whose outputs are the network's answer."""
        return next(iter(self.sources.values()))

    def per_image(self, outputs: Array, labels: NDArray[np.int64]) -> Array:
        """The loss of each test image from the head's outputs, averaged over views as `head` does it."""
        raise NotImplementedError


class SoftmaxCrossEntropy(Loss):
    """-log softmax(logits)[label], the mean over the global batch. `from` names the layer of the logits.

    With `label_smoothing` s, of K classes the right one counts for 1 - s + s / K and every other one for
    s / K: -sum over classes of share * log softmax(logits) (Szegedy et al. 2016, section 7, as PyTorch has
    it).
    """

    kind: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    from_: Annotated[str, Field(alias="from", description="The layer whose outputs are the logits.")]
    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="How much of a label is spread over all classes alike.")
    ] = 0.0

    soft_labels = True
    head = heads.Softmax()

    def per_image(self, outputs: Array, labels: NDArray[np.int64]) -> Array:
        import numpy as np

        own = outputs[np.arange(len(labels)), labels]
        losses: Array = -own
        if self.label_smoothing:
            losses = -(1 - self.label_smoothing) * own - self.label_smoothing * outputs.mean(axis=1)
        return losses


class SigmoidCrossEntropy(Loss):
    """-log sigmoid(logit) of the right class, and -log(1 - sigmoid(logit)) of every other one, added up; the
    mean over the global batch. `from` names the layer of the logits. Of an image that several classes share,
    each class's two terms count for its share and for the rest."""

    kind: Literal["sigmoid_cross_entropy"] = "sigmoid_cross_entropy"
    from_: Annotated[str, Field(alias="from", description="The layer whose outputs are the logits.")]

    soft_labels = True
    head = heads.Sigmoid()

    def per_image(self, outputs: Array, labels: NDArray[np.int64]) -> Array:
        import numpy as np

        own = outputs[np.arange(len(labels)), labels]
        losses: Array = np.logaddexp(0, outputs).sum(axis=1) - own  # log(1 + e^x) - x is log(1 + e^-x)
        return losses


def written_kind(recipe: Any) -> type[Loss] | None:
    """The kind of loss that a recipe names as it stands in the file, sound or not, if it is known."""
    loss = recipe.get("loss") if isinstance(recipe, Mapping) else None
    kind = loss.get("kind") if isinstance(loss, Mapping) else None
    if not isinstance(kind, str) or kind not in plugins.names("specnet.losses"):
        return None
    with suppress(PluginError):
        cls: type[Loss] = plugins.load("specnet.losses", kind)
        return cls
    return None


def layers_read(recipe: Any) -> dict[str, Any]:
    """What the loss of a recipe reads, as it stands in the file, sound or not: values by the key.

    For a kind that is not known, it is what stands at the keys of any kind.
    """
    loss = recipe.get("loss") if isinstance(recipe, Mapping) else None
    if not isinstance(loss, Mapping):
        return {}
    known = plugins.names("specnet.losses")
    kind = loss.get("kind")
    keys: dict[str, None] = {}
    for name in [kind] if isinstance(kind, str) and kind in known else known:
        with suppress(PluginError):
            keys.update(dict.fromkeys(plugins.load("specnet.losses", name).reading_keys()))
    return {key: loss[key] for key in keys if key in loss}
