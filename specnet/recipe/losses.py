"""What a training minimizes.

A kind declares what it reads, what labels it wants and what its head means; each backend has one function for
it, which is the mean over the images of a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.recipe import heads
from specnet.schema.fields import Positive
from specnet.schema.kinds import registered
from specnet.schema.strict import Strict, behind, schema_error
from specnet.syntax.document import Path_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.numerics.randomness import Array

T = TypeVar("T")

Labels = Literal["class", "values"]
"""One class for each image, as its number (images,); or a number for each output (images, outputs)."""


class Loss(Strict):
    """Base of all loss kinds, which are registered in the entry-point group `specnet.losses`."""

    kind: str
    weight: Annotated[
        Positive | None, Field(description="What it counts in a sum of losses; 1 if left out.")
    ] = None

    reads: ClassVar[tuple[str, ...]] = ("from_",)
    """The fields that name the layers whose outputs it reads. The first names the head: its outputs are the
    network's answer, and evaluations look at them alone."""

    labels: ClassVar[Labels] = "class"

    soft_labels: ClassVar[bool] = False
    """Whether a backend's function takes each class's share of an image, too, where `labels` are classes: a
    batch of mixed images has float64 (images, classes) in place of int64 (images,)."""

    head: ClassVar[heads.Values] = heads.Values()
    """What the outputs of the head mean."""

    @model_serializer(mode="wrap")
    def _weight_last(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return behind(handler(self), "weight")

    @classmethod
    def reading_keys(cls) -> tuple[str, ...]:
        """The keys that name layers in the YAML mapping, the head's first."""
        return tuple(cls.model_fields[field].alias or field for field in cls.reads)

    @property
    def sources(self) -> dict[str, str]:
        """The layers that it reads by the keys that name them, the head first. The keys of a loss in a sum
        have its place before them: `of.1.from`."""
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


class MeanSquaredError(Loss):
    """The mean over images and outputs of (output - share)^2, where a class's share of an image is 1 for the
    right class and 0 for the others, unless the image is mixed: PyTorch's and Keras's scaling. Caffe's
    `EuclideanLoss` is half the number of outputs times as much. `from` names the layer of the outputs."""

    kind: Literal["mean_squared_error"] = "mean_squared_error"
    from_: Annotated[str, Field(alias="from", description="The layer whose outputs are compared.")]

    soft_labels = True

    def per_image(self, outputs: Array, labels: NDArray[np.int64]) -> Array:
        import numpy as np

        losses: Array = np.square(outputs - np.eye(outputs.shape[1])[labels]).mean(axis=1)
        return losses


class Sum(Loss):
    """Several losses added up, each times its `weight`. The head of the first is the network's answer:
    evaluations and predictions look at it alone, and the loss of test images is the first one's, unweighted.

    GoogLeNet's auxiliary classifiers have the weight 0.3 (Szegedy et al. 2015, section 5). What lies on other
    groups than the head is transferred there.
    """

    kind: Literal["sum"] = "sum"
    of: list[Annotated[SerializeAsAny[Loss], registered("specnet.losses", "loss", Loss)]] = Field(
        min_length=1, description="The losses; the head of the first is the network's answer."
    )

    reads = ()

    @field_validator("of")
    @classmethod
    def _fit(cls, of: list[Loss]) -> list[Loss]:
        if any(isinstance(part, Sum) for part in of):
            raise schema_error("range", "a sum holds no other sum", "put its losses into this list")
        if any(part.labels != of[0].labels for part in of):
            kinds = " and ".join(dict.fromkeys(f"'{part.kind}'" for part in of))
            raise schema_error("range", f"the losses {kinds} want different labels", "take one of them")
        return of

    @property
    def head(self) -> heads.Values:  # type: ignore[override]
        """That of the first."""
        return self.of[0].head

    @property
    def labels(self) -> Labels:  # type: ignore[override]
        """Those that all of them want."""
        return self.of[0].labels

    @property
    def soft_labels(self) -> bool:  # type: ignore[override]
        """Whether all of them take shares."""
        return all(part.soft_labels for part in self.of)

    @property
    def sources(self) -> dict[str, str]:
        return {
            f"of.{index}.{key}": layer
            for index, part in enumerate(self.of)
            for key, layer in part.sources.items()
        }

    def per_image(self, outputs: Array, labels: NDArray[np.int64]) -> Array:
        return self.of[0].per_image(outputs, labels)

    def dealt(self, values: Sequence[T]) -> Iterator[tuple[Loss, float, Sequence[T]]]:
        """Each loss with its weight and with those that it reads of the values that the sum reads."""
        start = 0
        for part in self.of:
            end = start + len(part.sources)
            yield part, 1.0 if part.weight is None else part.weight, values[start:end]
            start = end


def place_of(key: str) -> Path_:
    """Where in a recipe a key of `Loss.sources` stands."""
    return ("loss", *(int(step) if step.isdigit() else step for step in key.split(".")))


def written_heads(recipe: Any) -> Iterator[tuple[str, type[Loss], Any]]:
    """The heads that a recipe names as it stands in the file, sound or not: their keys, the kinds of loss
    that read them, and the names. Those of losses whose kind is not known are left out."""
    for prefix, loss in _written(recipe):
        classes = _classes(loss.get("kind"))
        if len(classes) == 1 and classes[0].reads:
            key = classes[0].reading_keys()[0]
            if key in loss:
                yield prefix + key, classes[0], loss[key]


def layers_read(recipe: Any) -> dict[str, Any]:
    """What the loss of a recipe reads, as it stands in the file, sound or not: values by the key.

    For a kind that is not known, it is what stands at the keys of any kind.
    """
    read: dict[str, Any] = {}
    for prefix, loss in _written(recipe):
        keys = dict.fromkeys(key for cls in _classes(loss.get("kind")) for key in cls.reading_keys())
        read.update({prefix + key: loss[key] for key in keys if key in loss})
    return read


def with_layers_read(recipe: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, Any]:
    """A sound recipe as plain data, with other layers at the keys of what its loss reads."""
    loss = dict(recipe["loss"])
    if "of" in loss and loss["kind"] == "sum":
        loss["of"] = [dict(part) for part in loss["of"]]
    for key, name in read.items():
        *way, last = place_of(key)[1:]
        part: Any = loss
        for step in way:
            part = part[step]
        part[last] = name
    return {**recipe, "loss": loss}


def _written(recipe: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The loss of a recipe as it stands in the file, or the losses that it adds up, and what stands before
    their keys."""
    loss = recipe.get("loss") if isinstance(recipe, Mapping) else None
    if not isinstance(loss, Mapping):
        return
    of = loss.get("of") if Sum in _classes(loss.get("kind")) else None
    if not isinstance(of, list):
        yield "", loss
        return
    for index, part in enumerate(of):
        if isinstance(part, Mapping):
            yield f"of.{index}.", part


def _classes(kind: Any) -> list[type[Loss]]:
    """The class of a kind, or all of them if it is not known."""
    known = plugins.names("specnet.losses")
    found: list[type[Loss]] = []
    for name in [kind] if isinstance(kind, str) and kind in known else known:
        with suppress(PluginError):
            found.append(plugins.load("specnet.losses", name))
    return found
