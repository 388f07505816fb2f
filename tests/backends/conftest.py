"""Two logical CPU devices for TensorFlow, set up before anything in the process uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import specnet_torch  # noqa: F401  (PyTorch is imported before TensorFlow)

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import keras
import tensorflow as tf

_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.config.set_soft_device_placement(False)


@pytest.fixture
def keras_in_float64() -> Iterator[None]:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(policy)
