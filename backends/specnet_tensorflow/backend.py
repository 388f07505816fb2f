"""The TensorFlow backend: devices and compilation."""

from __future__ import annotations

import keras

from specnet.backend.protocol import Precision
from specnet.diagnostics.errors import PluginError
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_tensorflow.devices import present, take_memory_as_needed
from specnet_tensorflow.executable import TensorFlowExecutable
from specnet_tensorflow.out_of_memory import reraise_out_of_memory


class TensorFlowBackend:
    """Implements `specnet.backend.protocol.Backend`."""

    name = "tensorflow"

    def __init__(self) -> None:
        if keras.backend.backend() != "tensorflow":
            message = f"Keras runs on {keras.backend.backend()} here, and this backend needs it on TensorFlow"
            raise PluginError(message, "set KERAS_BACKEND=tensorflow before Keras is imported")
        take_memory_as_needed()

    def devices(self) -> list[str]:
        """CPUs and GPUs as TensorFlow's logical devices are configured in this process."""
        return present()

    @reraise_out_of_memory()
    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> TensorFlowExecutable:
        return TensorFlowExecutable(plan, placement, precision)
