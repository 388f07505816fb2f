"""Activation functions that let through what is above 0, or nearly so."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from specnet.layers.functions import ActivationFunction
from specnet.schema.fields import Number, Positive

GELU_FACTOR = math.sqrt(2 / math.pi)

GELU_CUBIC = 0.044715
"""The constants of `gelu_tanh`."""


class ReLU6(ActivationFunction):
    """min(max(x, 0), 6), with derivative 0 at 0 and at 6 (Krizhevsky 2010, "Convolutional deep belief
    networks on CIFAR-10")."""


class LeakyReLU(ActivationFunction):
    """x above 0, slope * x elsewhere, with derivative `slope` at 0 (Maas et al. 2013)."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    slope: Annotated[Number, Field(description="Factor of what is not above 0.")] = 0.01


class ELU(ActivationFunction):
    """x above 0, alpha * (exp(x) - 1) elsewhere, with derivative `alpha` at 0 (Clevert et al. 2016,
    equation 15)."""

    kind: Literal["elu"] = "elu"
    alpha: Annotated[Positive, Field(description="What it falls to, below 0.")] = 1.0


class GELU(ActivationFunction):
    """x * P(z <= x) for a standard normal z (Hendrycks and Gimpel 2016)."""


class GELUTanh(ActivationFunction):
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x ** 3))), their approximation of `gelu`."""


class SiLU(ActivationFunction):
    """x / (1 + exp(-x)), also known as swish (Ramachandran et al. 2017)."""


class HardSwish(ActivationFunction):
    """x * min(max(x + 3, 0), 6) / 6, with derivative 0 at -3 and 1 at 3 (Howard et al. 2019, section 5.2)."""


class Softplus(ActivationFunction):
    """log(1 + exp(x))."""
