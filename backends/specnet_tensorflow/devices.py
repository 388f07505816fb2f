"""Devices under specnet's names, and how a saved model comes to life on other ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import tensorflow as tf

from specnet.diagnostics.errors import DeviceError


def device_name(device: str) -> str:
    """specnet's name of a device as TensorFlow's: `cuda:1` is `/GPU:1`."""
    kind, _, index = device.partition(":")
    return f"/{'GPU' if kind == 'cuda' else 'CPU'}:{index or 0}"


def present() -> list[str]:
    """The CPUs and GPUs that TensorFlow has, or will have, in this process, `cpu` first.

    They are counted from its configuration. To ask for its logical devices would start it, and a GPU that
    TensorFlow has started on is taken.
    """
    cpus, gpus = (
        sum(_logical(device) for device in tf.config.get_visible_devices(k)) for k in ("CPU", "GPU")
    )
    return ["cpu", *(f"cpu:{i}" for i in range(1, cpus)), *(f"cuda:{i}" for i in range(gpus))]


def _logical(device: tf.config.PhysicalDevice) -> int:
    """How many logical devices a physical one is configured to be."""
    return len(tf.config.get_logical_device_configuration(device) or [None])


def take_memory_as_needed() -> None:
    """Let TensorFlow take a GPU's memory as it needs it, not all of it at the first use of any GPU.

    What somebody has configured stays, and so does a TensorFlow that has already started.
    """
    gpus = tf.config.get_visible_devices("GPU")
    for gpu in gpus:
        limited = tf.config.get_logical_device_configuration(gpu)
        if limited or tf.config.experimental.get_memory_growth(gpu) is not None:
            return
    with suppress(RuntimeError):  # it has started
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)


_elsewhere: ContextVar[str | Mapping[str, str] | None] = ContextVar("elsewhere", default=None)


@contextmanager
def on_devices(devices: str | Mapping[str, str]) -> Iterator[None]:
    """Models that are loaded inside live on other devices than those they were saved from.

    `devices` is one device for all layers, or the new device by the saved one: `{"cuda:0": "cpu"}`.
    """
    token = _elsewhere.set(devices)
    try:
        yield
    finally:
        _elsewhere.reset(token)


def resolve_device(device: str) -> str:
    """Where a layer that names `device` shall live: there, or where `on_devices` sends it.

    Raises `DeviceError` if this machine does not have that device. TensorFlow itself would quietly take
    the CPU.
    """
    elsewhere = _elsewhere.get()
    if elsewhere is not None:
        device = elsewhere if isinstance(elsewhere, str) else elsewhere.get(device, device)
    if device not in present():
        hint = (
            f"this machine has: {', '.join(present())}; to load a saved model there: "
            'with specnet_tensorflow.on_devices("cpu"): keras.models.load_model(...)'
        )
        raise DeviceError(f"the model lives on the device '{device}', which is not here", hint)
    return device
