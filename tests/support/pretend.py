"""Pretend GPUs in this process, `cuda:0` to `cuda:3`. Import it before torch: pytest `-p support.pretend`."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import NamedTuple

from support.pretend_build import built, torch_folder

COUNT = 4


class Event(NamedTuple):
    """An operation on a device, or a copy from one to another, `cpu` included.

    `waited` says whether the program stood still for it.
    """

    name: str
    origin: str
    target: str
    bytes: int
    waited: bool


def _loaded() -> ctypes.CDLL:
    if "torch" in sys.modules:
        raise RuntimeError("import support.pretend before torch")
    for name in ("libc10.so", "libtorch_cpu.so"):
        ctypes.CDLL(str(torch_folder() / "lib" / name), mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(str(built()), mode=ctypes.RTLD_GLOBAL)
    library.pretend_events.restype = ctypes.c_char_p
    library.pretend_events.argtypes = [ctypes.c_bool]
    library.pretend_devices(COUNT)
    return library


_library = _loaded()

import torch  # noqa: E402  (the devices have to be there first)
import torch.cuda  # noqa: E402

torch.cuda._lazy_init = lambda: None
torch.cuda.device_count = lambda: COUNT
torch.cuda.is_available = lambda: True
torch.cuda.synchronize = lambda device=None: _library.pretend_synchronize()


def watched(function: Callable[[], object]) -> list[Event]:
    """What happens on the devices while a function runs, in order."""
    _library.pretend_events(True)
    try:
        function()
    finally:
        lines = _library.pretend_events(False).decode().splitlines()
    return [
        Event(name, _device(origin), _device(target), int(size), waited == "1")
        for name, origin, target, size, waited in (line.split("\t") for line in lines)
    ]


def _device(index: str) -> str:
    return "cpu" if index == "-1" else f"cuda:{index}"
