"""What the precision of a network means to TensorFlow: its switches, turned for as long as a step takes.

They belong to the process, so what somebody else has set is back afterwards: with deterministic
operations left on, a Keras model that draws its own dropout masks would be refused. TensorFlow's own default
takes TF32, with 10 bits of significand instead of 23, for all float32 products of a GPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf
from tensorflow.python.framework import config as switches  # the only place where determinism can be undone

from specnet.backend.protocol import Precision


@contextmanager
def arithmetic(precision: Precision) -> Iterator[None]:
    """Within it float32 is float32, TF32 is taken for `tf32` only, and kernels are deterministic ones.

    Deterministic ones are not chosen by trying several out, either.
    """
    tf32 = tf.config.experimental.tensor_float_32_execution_enabled()
    deterministic = switches.is_op_determinism_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
        if not deterministic:
            switches.disable_op_determinism()
