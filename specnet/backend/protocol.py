"""The two protocols that a backend implements.

A backend turns a plan into an `Executable`: a native model with the operations that training and evaluation
need. Everything that crosses this line is NumPy in canonical form: images (n, channels, height, width),
convolution weights (out, in, height, width), dense weights (out, in), names like `conv1.gpu0.weight`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, SupportsFloat

from specnet import plugins
from specnet.backend.batch import Batch
from specnet.backend.slots import OptimizerState
from specnet.numerics.randomness import Array
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan

Precision = Literal["float32", "tf32", "float64", "bfloat16"]
"""What a network computes in. float32 is float32 on every device. With tf32 all values are float32, and GPUs
that have it take products in TF32 (a significand of 10 bits, sums in float32); elsewhere the results are
those of float32. With bfloat16, parameters, what the optimizer keeps for them and the loss stay float32, and
so do the normalizations; every other layer rounds its inputs, weights and outputs to bfloat16."""

PRECISIONS: tuple[Precision, ...] = ("float32", "tf32", "float64", "bfloat16")
State = dict[str, Array]
"""Arrays by canonical name."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a training step tells. Both numbers may still be under way: `float()` of one waits for it."""

    loss: SupportsFloat
    wrong: SupportsFloat | None
    """Of how many images the head's largest output is not that of their class, before the update and as the
    step saw them. Of an image that classes share, the one with the largest share counts. None where labels
    are no classes."""

    def __float__(self) -> float:
        return float(self.loss)


class Executable(Protocol):
    """A plan ready to run on its devices."""

    model: Any
    """The native model: a `torch.nn.Module` or a `keras.Model`."""

    def state(self) -> State:
        """All parameters and running statistics."""

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Replace all of them. Raises `UsageError` where names or shapes differ (see `check_state`)."""

    def optimizer_state(self) -> OptimizerState:
        """What the optimizer keeps: each of its slots for every parameter that training changes."""

    def load_optimizer_state(self, state: Mapping[str, Mapping[str, Array]]) -> None:
        """Replace all of it. Raises `UsageError` where slots, names or shapes differ."""

    def forward(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The plan's outputs by value name, in evaluation mode. `inputs` are keyed by input layer."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        """The mean loss over a batch and its gradient, in training mode. Changes running statistics only.

        Frozen parameters have no gradient: they are not among the keys.
        """

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> SupportsFloat:
        """One update. The loss it returns may still be under way: `float()` waits for it. A `StepResult` is
        a loss that tells how many images were classified wrong, too.

        With `micro_batch`, the loss and the gradient are summed over `batch.parts(micro_batch)`, each part's
        mean times its share of the images, and no more than one part's activations are held at a time.
        """


def storage(precision: Precision) -> Literal["float32", "float64"]:
    """The type that parameters, what the optimizer keeps, and images have."""
    return "float64" if precision == "float64" else "float32"


class Backend(Protocol):
    """A framework that can carry out plans. Registered in the entry-point group `specnet.backends`."""

    name: str

    def devices(self) -> list[str]:
        """The devices of this machine: `cpu` first, then `cuda:0` and so on."""

    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> Executable:
        """The plan on its devices, its state zero. Raises `UsageError` for a kind it does not know."""


def find(name: str) -> Backend:
    """The backend registered under a name. Raises `PluginError` with the pip command if it is missing."""
    backend: Backend = plugins.load("specnet.backends", name)()
    return backend
