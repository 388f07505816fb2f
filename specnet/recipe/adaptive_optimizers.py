"""Optimizers with a rate of its own for each number."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.recipe.optimizers import Fraction, Optimizer
from specnet.schema.fields import NonNegative, Positive


class Adagrad(Optimizer):
    """s <- s + G^2; w <- w - rate * G / (sqrt(s) + epsilon), with G = g + decay * w (Duchi et al. 2011,
    figure 1, as `torch.optim.Adagrad` has it).

    Keras has epsilon under the root, and an s that starts at 0.1.
    """

    kind: Literal["adagrad"] = "adagrad"
    epsilon: Annotated[Positive, Field(description="Keeps the quotient finite.")] = 1e-10

    slots = ("squares",)


class RMSprop(Optimizer):
    """s <- rho * s + (1 - rho) * G^2; w <- w - rate * G / (sqrt(s) + epsilon), with G = g + decay * w (Hinton
    2012, lecture 6e, as `torch.optim.RMSprop` has it, where rho is `alpha`, 0.99 if left out).

    `centered`: a <- rho * a + (1 - rho) * G, and s - a^2 takes the place of s in the step (Graves 2013).
    With `momentum`: v <- momentum * v + G / (sqrt(s) + epsilon); w <- w - rate * v.

    Keras has epsilon under the root, and the rate inside v.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    rho: Annotated[Fraction, Field(description="Fraction of the mean squares that stays.")] = 0.9
    epsilon: Annotated[Positive, Field(description="Keeps the quotient finite.")] = 1e-8
    momentum: Annotated[Fraction, Field(description="Fraction of the velocity that stays.")] = 0.0
    centered: Annotated[bool, Field(description="Divide by the deviation from the mean gradient.")] = False

    slots = ("squares", "means", "velocity")

    @property
    def kept(self) -> tuple[str, ...]:
        means = ("means",) if self.centered else ()
        return ("squares", *means, *(("velocity",) if self.momentum else ()))


class _Moments(Optimizer):
    """What adam and adamw have in common."""

    beta1: Annotated[Fraction, Field(description="Fraction of the mean gradient that stays.")] = 0.9
    beta2: Annotated[Fraction, Field(description="Fraction of the mean squares that stays.")] = 0.999
    epsilon: Annotated[Positive, Field(description="Keeps the quotient finite.")] = 1e-8
    amsgrad: Annotated[bool, Field(description="Divide by the largest mean squares so far.")] = False

    slots = ("means", "squares", "largest", "steps")
    counts = ("steps",)

    @property
    def kept(self) -> tuple[str, ...]:
        return self.slots if self.amsgrad else ("means", "squares", "steps")


class Adam(_Moments):
    """m <- beta1 * m + (1 - beta1) * G; s <- beta2 * s + (1 - beta2) * G^2; w <- w - rate * M / (sqrt(S) +
    epsilon), with G = g + decay * w, M = m / (1 - beta1^t) and S = s / (1 - beta2^t) at step t (Kingma and Ba
    2015, algorithm 1, as `torch.optim.Adam` has it).

    `amsgrad`: the largest s so far takes the place of s in S (Reddi et al. 2018, with the corrections that
    PyTorch and Keras keep). Keras has the epsilon of that paper's section 2 ("epsilon hat", 1e-7): sqrt(s) +
    epsilon instead of sqrt(S) + epsilon, with the correction in front.
    """

    kind: Literal["adam"] = "adam"


class AdamW(_Moments):
    """w <- w - rate * decay * w, then adam's step with G = g (Loshchilov and Hutter 2019, algorithm 2, as
    `torch.optim.AdamW` has it: the decay is multiplied by the learning rate, which the paper leaves out).

    Its decay has no default: PyTorch's is 0.01, Keras's 0.004.
    """

    kind: Literal["adamw"] = "adamw"
    weight_decay: Annotated[
        NonNegative, Field(description="Pull of each weight towards 0, beside the gradient's step.")
    ]
