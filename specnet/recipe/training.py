"""The `training` section of a spec: loss, initial values, update rule, schedule, input and evaluation.

Declarations only. Backends carry out the loss and the update rule, `specnet.training` the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, SerializeAsAny, field_validator

from specnet.recipe.augmentations import Augmentation
from specnet.recipe.cropping import Shape
from specnet.recipe.evaluations import Evaluation
from specnet.recipe.initializers import DEFAULT, Initializer
from specnet.recipe.losses import Loss
from specnet.recipe.metrics import Metric
from specnet.recipe.normalizations import Normalization
from specnet.recipe.optimizers import Optimizer
from specnet.recipe.patterns import PatternList
from specnet.recipe.schedules import ConstantRate, Schedule
from specnet.schema.fields import Count
from specnet.schema.kinds import registered
from specnet.schema.strict import Strict, schema_error


def fits(recipe: Training, images: Shape, shape: Shape) -> bool:
    """Whether images of one shape come out as a network's input of another, in training and evaluation."""
    trained: Shape | None = images
    for part in recipe.augment:
        trained = trained and part.output_shape(trained)
    evaluated = recipe.evaluate.output_shape(images) if recipe.evaluate else images
    return trained == shape == evaluated


class Training(Strict):
    """How the network is trained. Only the loss and the update rule have no default."""

    loss: Annotated[
        SerializeAsAny[Loss],
        registered("specnet.losses", "loss", Loss),
        Field(description="What is minimized."),
    ]
    optimizer: Annotated[
        SerializeAsAny[Optimizer],
        registered("specnet.optimizers", "optimizer", Optimizer),
        Field(description="How a gradient changes the weights."),
    ]
    weights: Annotated[
        SerializeAsAny[Initializer],
        registered("specnet.initializers", "initializer", Initializer),
        Field(description="Where weights start; glorot_uniform if left out."),
    ] = DEFAULT
    schedule: Annotated[
        SerializeAsAny[Schedule],
        registered("specnet.schedules", "schedule", Schedule),
        Field(description="How the learning rate changes; constant if left out."),
    ] = ConstantRate()
    normalize: Annotated[
        SerializeAsAny[Normalization] | None,
        registered("specnet.normalizations", "normalization", Normalization),
        Field(description="What is done to every pixel; nothing if left out."),
    ] = None
    augment: list[
        Annotated[
            SerializeAsAny[Augmentation], registered("specnet.augmentations", "augmentation", Augmentation)
        ]
    ] = Field(default_factory=list, description="What training images go through, in this order.")
    evaluate: Annotated[
        SerializeAsAny[Evaluation] | None,
        registered("specnet.evaluations", "evaluation", Evaluation),
        Field(description="Which part of a test image is looked at; all if left out."),
    ] = None
    metrics: (
        list[Annotated[SerializeAsAny[Metric], registered("specnet.metrics", "metric", Metric)]] | None
    ) = Field(
        default=None,
        description="What is measured on the test images beside loss and top-1 error; the top-5 error if left"
        " out, where there are more than five classes.",
    )
    frozen: Annotated[
        PatternList,
        Field(
            description="Layers whose parameters stay as they are, by name or pattern (conv*); "
            "the same as trainable: false in each."
        ),
    ] = ()
    batch_size: Annotated[Count, Field(description="Images in one step, over all devices.")] = 128
    epochs: Annotated[Count, Field(description="Passes over the training set.")] = 1

    @field_validator("loss")
    @classmethod
    def _alone(cls, loss: Loss) -> Loss:
        if loss.weight is not None:
            hint = "leave it out, or write {kind: sum, of: [{...}, ...]}"
            raise schema_error("range", "a weight is for the losses of a sum", hint, at="weight")
        return loss

    def needs_statistics(self) -> bool:
        """Whether it uses anything that is measured on the training set."""
        parts = (*self.augment, self.normalize)
        return any(part is not None and part.needs_statistics for part in parts)

    def learning_rate(self, step: int, epoch: int, errors: Sequence[float]) -> float:
        """The rate of the update after `step` updates, in epoch `epoch` (from 0).

        `errors` are the top-1 errors at the end of each epoch so far.
        """
        return self.schedule.warmed(self.optimizer.learning_rate, step, epoch, errors)
