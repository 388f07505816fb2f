"""Activation functions with two limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.layers.functions import ActivationFunction
from specnet.schema.fields import Positive


class Tanh(ActivationFunction):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""


class ScaledTanh(ActivationFunction):
    """amplitude * tanh(slope * x); by default 1.7159 tanh(2x / 3) (LeCun et al. 1998, "Efficient BackProp",
    section 4.4), and cuda-convnet's `tanh[a,b]` with a and b."""

    kind: Literal["scaled_tanh"] = "scaled_tanh"
    amplitude: Annotated[Positive, Field(description="Factor of the tanh.")] = 1.7159
    slope: Annotated[Positive, Field(description="Factor of the tanh's argument.")] = 2 / 3


class Sigmoid(ActivationFunction):
    """1 / (1 + exp(-x))."""


class HardSigmoid(ActivationFunction):
    """min(max(x + 3, 0), 6) / 6, with derivative 0 at -3 and at 3, as in PyTorch and Keras 3 (Howard et al.
    2019, section 5.2)."""
