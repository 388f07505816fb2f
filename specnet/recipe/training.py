"""The `training` section of a spec: loss, initial values, update rule, schedule, input and evaluation.

Declarations only. Backends carry out the loss and the update rule, `specnet.training` the rest.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from specnet.recipe.initializers import DEFAULT, Initializer
from specnet.schema.fields import Count, NonNegative, Positive, shown
from specnet.schema.kinds import by_kind
from specnet.schema.strict import Strict, schema_error


class SoftmaxCrossEntropy(Strict):
    """-log softmax(logits)[label], the mean over the global batch. `from` names the layer of the logits."""

    kind: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"
    from_: Annotated[str, Field(alias="from", description="The layer whose outputs are the logits.")]


class Biases(Strict):
    """What the update rule does otherwise for biases: every parameter whose role is `bias`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    learning_rate: Annotated[
        NonNegative | None, Field(description="The rate that the schedule starts from, for biases.")
    ] = None
    weight_decay: Annotated[NonNegative | None, Field(description="Pull of each bias towards 0.")] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.learning_rate is None and self.weight_decay is None:
            raise schema_error(
                "range", "at least one entry is needed", "name learning_rate, weight_decay or both"
            )
        return self


class SGD(Strict):
    """v <- momentum * v - learning_rate * (gradient + weight_decay * w); w <- w + v (the paper, section 5).

    The learning rate is inside the velocity, and the decay belongs to the gradient. With `clip_norm`, the
    gradient of all parameters together is first multiplied by clip_norm / max(norm, clip_norm): the norm's
    squares are summed in float64, for each parameter and then over the parameters in the plan's order.
    """

    kind: Literal["sgd"] = "sgd"
    learning_rate: Annotated[Positive, Field(description="The rate that the schedule starts from.")]
    momentum: Annotated[float, Field(ge=0, lt=1, description="Share of the velocity that stays.")] = 0.0
    weight_decay: Annotated[NonNegative, Field(description="Pull of each weight towards 0.")] = 0.0
    biases: Annotated[
        Biases | None, Field(description="Rate and decay of the biases; the same as above if left out.")
    ] = None
    clip_norm: Annotated[
        Positive | None, Field(description="Longest gradient of all parameters; any length if left out.")
    ] = None

    def rate(self, role: str, learning_rate: float) -> float:
        """The rate of the parameters of a role while the schedule has the rate at `learning_rate`."""
        own = self.biases.learning_rate if self.biases and role == "bias" else None
        return learning_rate if own is None else own * (learning_rate / self.learning_rate)

    def decay(self, role: str) -> float:
        """The weight decay of the parameters of a role."""
        own = self.biases.weight_decay if self.biases and role == "bias" else None
        return self.weight_decay if own is None else own


class ConstantRate(Strict):
    """The learning rate never changes."""

    kind: Literal["constant"] = "constant"


class Plateau(Strict):
    """Multiply the learning rate by `factor` when the top-1 error has not improved for `patience` epochs.

    At most `times` times; the paper divides by 10 three times, by hand.
    """

    kind: Literal["plateau"] = "plateau"
    factor: Annotated[float, Field(gt=0, lt=1, description="What the rate is multiplied by.")]
    times: Annotated[Count, Field(description="How often at most.")]
    patience: Annotated[Count, Field(description="Epochs without improvement before it happens.")] = 5


class Steps(Strict):
    """Multiply the learning rate by `factor` after every `every` epochs (or steps)."""

    kind: Literal["step"] = "step"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    every: Annotated[Count, Field(description="How many epochs or steps lie between two changes.")]
    unit: Annotated[Literal["epoch", "step"], Field(description="What `every` counts.")] = "epoch"


class Multistep(Strict):
    """Multiply the learning rate by `factor` at each of the epochs (or steps) in `at`."""

    kind: Literal["multistep"] = "multistep"
    factor: Annotated[float, Field(gt=0, le=1, description="What the rate is multiplied by.")]
    at: Annotated[
        list[Count],
        Field(min_length=1, description="How many epochs or steps have passed when it happens; increasing."),
    ]
    unit: Annotated[Literal["epoch", "step"], Field(description="What `at` counts.")] = "epoch"

    @field_validator("at")
    @classmethod
    def _increasing(cls, at: list[int]) -> list[int]:
        if any(later <= earlier for earlier, later in pairwise(at)):
            hint = f"for example {sorted(set(at))}"
            raise schema_error("range", f"each entry is larger than the one before, got {shown(at)}", hint)
        return at


class InverseTime(Strict):
    """learning_rate / (1 + decay * passed / every), `passed` counting steps (or epochs).

    TensorFlow 1's `tf.train.inverse_time_decay`; with `every: 1`, the `decay` of Keras's old optimizers. With
    `staircase`, passed / every is rounded down.
    """

    kind: Literal["inverse_time"] = "inverse_time"
    decay: Annotated[NonNegative, Field(description="What the denominator grows by after every `every`.")]
    every: Annotated[Count, Field(description="How many steps or epochs the denominator takes for it.")] = 1
    staircase: Annotated[
        bool, Field(description="Whether the rate changes only after each `every`, not all the time.")
    ] = False
    unit: Annotated[Literal["epoch", "step"], Field(description="What `every` counts.")] = "step"


class MeanImage(Strict):
    """Subtract the mean image of the training set (the paper, section 2), then multiply by `scale`."""

    kind: Literal["mean_image"] = "mean_image"
    scale: Annotated[Positive, Field(description="What pixels are multiplied by afterwards.")] = 1.0


class Standardize(Strict):
    """Subtract each channel's mean over the training set and divide by its standard deviation."""

    kind: Literal["standardize"] = "standardize"


class RandomCrop(Strict):
    """A window of `size` at a random place of each training image (the paper, section 4.1)."""

    kind: Literal["random_crop"] = "random_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]


class HorizontalFlip(Strict):
    """Each training image mirrored with probability one half (the paper, section 4.1)."""

    kind: Literal["horizontal_flip"] = "horizontal_flip"


class PCAColor(Strict):
    """Add the principal components of the pixels' colours, each times its eigenvalue times N(0, `std`).

    One draw for each image and epoch (the paper, section 4.1).
    """

    kind: Literal["pca_color"] = "pca_color"
    std: Annotated[NonNegative, Field(description="Standard deviation of the draws; the paper's is 0.1.")]


class CenterCrop(Strict):
    """Evaluate the window of `size` in the middle of each image."""

    kind: Literal["center_crop"] = "center_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]


class TenCrop(Strict):
    """Average the softmax over the four corners, the centre, and their mirrors (the paper, section 4.1)."""

    kind: Literal["ten_crop"] = "ten_crop"
    size: Annotated[Count, Field(description="Height and width; the network's input size.")]


Loss = Annotated[SoftmaxCrossEntropy, by_kind("loss", SoftmaxCrossEntropy)]
Optimizer = Annotated[SGD, by_kind("optimizer", SGD)]
Schedule = Annotated[
    ConstantRate | Plateau | Steps | Multistep | InverseTime,
    by_kind("schedule", ConstantRate, Plateau, Steps, Multistep, InverseTime),
]
Normalization = Annotated[MeanImage | Standardize, by_kind("normalization", MeanImage, Standardize)]
Augmentation = Annotated[
    RandomCrop | HorizontalFlip | PCAColor, by_kind("augmentation", RandomCrop, HorizontalFlip, PCAColor)
]
Evaluation = Annotated[CenterCrop | TenCrop, by_kind("evaluation", CenterCrop, TenCrop)]


def fits(recipe: Training, images: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether images of one shape come out as a network's input of another, cropped as the recipe says."""
    parts = (*recipe.augment, recipe.evaluate)
    crops = [part for part in parts if isinstance(part, RandomCrop | CenterCrop | TenCrop)]
    cropped = recipe.evaluate is not None and any(isinstance(part, RandomCrop) for part in recipe.augment)
    alike = len(images) == len(shape) and images[0] == shape[0]
    return images == shape or (alike and cropped and all(crop.size <= min(images[1:]) for crop in crops))


class Training(Strict):
    """How the network is trained. Only the loss and the update rule have no default."""

    loss: Annotated[Loss, Field(description="What is minimized.")]
    optimizer: Annotated[Optimizer, Field(description="How a gradient changes the weights.")]
    weights: Annotated[Initializer, Field(description="Where weights start; glorot_uniform if left out.")] = (
        DEFAULT
    )
    schedule: Annotated[
        Schedule, Field(description="How the learning rate changes; constant if left out.")
    ] = ConstantRate()
    normalize: Annotated[
        Normalization | None, Field(description="What is done to every pixel; nothing if left out.")
    ] = None
    augment: list[Augmentation] = Field(
        default_factory=list, description="What training images go through, in this order."
    )
    evaluate: Annotated[
        Evaluation | None, Field(description="Which part of a test image is looked at; all if left out.")
    ] = None
    batch_size: Annotated[Count, Field(description="Images in one step, over all devices.")] = 128
    epochs: Annotated[Count, Field(description="Passes over the training set.")] = 1
