"""A stranger's backend inherits the contract: what it can do it does right, what it cannot is declared."""

from __future__ import annotations

import pytest

from specnet.testing.cases import MORE_FUNCTIONS
from specnet.testing.contract import BackendContract
from specnet_example.backend import NumpyBackend

pytestmark = pytest.mark.slow

UNKNOWN = [
    *("add", "avg_pool", "batch_norm", "blur", "channel_shuffle", "concat", "conv", "dropout"),
    *("global_avg_pool", "global_max_pool", "layer_norm", "lrn", "max_pool", "maxout", "multiply", "pad"),
    *("random_connections", "scale", "slice", "stochastic_depth", "subsample"),
]
FUNCTIONS = ("tanh", "sigmoid", "elu", "softmax", *MORE_FUNCTIONS)


class TestPlainNumpy(BackendContract):
    backend = NumpyBackend()
    gaps = {  # noqa: RUF012  (a declaration, never changed)
        **dict.fromkeys(UNKNOWN, "it is for dense networks"),
        **{
            place.format(function): "relu is its only function"
            for place in ("{} of an image", "{} of a vector", "dense with {}")
            for function in FUNCTIONS
        },
        "loss sigmoid_cross_entropy": "its only loss is that of a softmax",
        "loss sigmoid_cross_entropy, soft labels": "its only loss is that of a softmax",
        "loss mean_squared_error": "its only loss is that of a softmax",
        "loss mean_squared_error, soft labels": "its only loss is that of a softmax",
    }
