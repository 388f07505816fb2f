"""Devices under specnet's names, and how a saved model comes to life on other ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf

from specnet.errors import DeviceError


def device_name(device: str) -> str:
    """specnet's name of a device as TensorFlow's: `cuda:1` is `/GPU:1`."""
    kind, _, index = device.partition(":")
    return f"/{'GPU' if kind == 'cuda' else 'CPU'}:{index or 0}"


def present() -> list[str]:
    """The CPUs and GPUs that TensorFlow's logical devices are in this process, `cpu` first."""
    cpus = len(tf.config.list_logical_devices("CPU"))
    gpus = len(tf.config.list_logical_devices("GPU"))
    return ["cpu", *(f"cpu:{i}" for i in range(1, cpus)), *(f"cuda:{i}" for i in range(gpus))]


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


def settle(device: str) -> str:
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
