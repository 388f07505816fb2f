"""Which device each group lives on.

Devices have one name in every backend: `cpu`, `cpu:1`, `cuda:0`. Without a request there is one GPU for each
group if there are enough, else one GPU for all, else the CPU. With a request there is what was asked for, or
an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.diagnostics.errors import DeviceError, UsageError
from specnet.diagnostics.suggestions import suggestion

Placement = Mapping[str, str]
"""The device of each group."""


def place(
    groups: Sequence[str], devices: str | Mapping[str, str] | None, present: Sequence[str]
) -> dict[str, str]:
    """The device of each group.

    `devices` is None, a mapping, or text: `gpu0=cuda:0,gpu1=cuda:1`, `cuda:0,cuda:1` in group order, or one
    device for all. `present` are the backend's devices. Raises `DeviceError` for a device that is not there
    and `UsageError` for a request that does not fit the groups.
    """
    if devices is None:
        gpus = [device for device in present if device.startswith("cuda")]
        if len(gpus) >= len(groups):
            return dict(zip(groups, gpus, strict=False))
        return dict.fromkeys(groups, gpus[0] if gpus else "cpu")
    asked = _asked(groups, devices) if isinstance(devices, str) else dict(devices)
    placed: dict[str, str] = {}
    for group in groups:
        if group not in asked:
            raise UsageError(f"--devices names no device for group '{group}'", f"add {group}=DEVICE")
        placed[group] = _present(asked[group], present)
    for group in asked:
        if group not in placed:
            raise UsageError(
                f"--devices names the group '{group}', which the spec does not have",
                suggestion(group, groups, noun="group"),
            )
    return placed


def _asked(groups: Sequence[str], text: str) -> dict[str, str]:
    items = [item.strip() for item in text.split(",")]
    if any("=" in item for item in items):
        pairs = [item.partition("=")[::2] for item in items]
        if any(not group or not device for group, device in pairs):
            raise UsageError(f"--devices {text}: expected GROUP=DEVICE, ...", f"for example {groups[0]}=cpu")
        if len({group for group, _ in pairs}) < len(pairs):
            raise UsageError(f"--devices {text}: a group is named twice", "name each group once")
        return dict(pairs)
    if len(items) == 1:
        return dict.fromkeys(groups, items[0])
    if len(items) != len(groups):
        message = (
            f"--devices {text} names {len(items)} devices for {len(groups)} groups ({', '.join(groups)})"
        )
        raise UsageError(message, "name one device for all, or one for each group")
    return dict(zip(groups, items, strict=True))


def _present(device: str, present: Sequence[str]) -> str:
    kind, _, index = device.partition(":")
    name = f"{kind}:{index or 0}" if kind == "cuda" or index not in ("", "0") else kind
    if name not in present:
        raise DeviceError(f"there is no device '{device}' here", f"this machine has: {', '.join(present)}")
    return name
