"""Two logical CPU devices for TensorFlow, set up before anything in the process uses it."""

from __future__ import annotations

import specnet_torch  # noqa: F401  (PyTorch is imported before TensorFlow)

import specnet_tensorflow  # noqa: F401  # isort: skip  (TensorFlow without its greeting)
import tensorflow as tf

_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.config.set_soft_device_placement(False)
