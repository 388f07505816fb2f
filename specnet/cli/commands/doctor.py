"""`specnet doctor`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from specnet.cli.options import add_json
from specnet.cli.output import ignore_broken_pipe, print_json
from specnet.terminal.output import say

HELP = "check the installation: Python, packages, backends with their devices, plugins"
EXAMPLE = """example:
  specnet doctor
"""
STYLES = {"ok": "green", "missing": "yellow", "broken": "red"}


class Check(NamedTuple):
    """One thing that was looked at. Only what is `broken` makes the command fail."""

    what: str
    state: str
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    checks = [*_packages(), *_backends(), *_plugins()]
    with ignore_broken_pipe():
        if options.json:
            print_json({"schema_version": 1, "checks": [check._asdict() for check in checks]})
        else:
            width = max(len(check.what) for check in checks)
            for check in checks:
                say(check.state.ljust(7), style=STYLES[check.state], end="  ")
                say(f"{check.what.ljust(width)}  {check.detail}".rstrip())
    return 1 if any(check.state == "broken" for check in checks) else 0


def _packages() -> Iterator[Check]:
    """Python, specnet, and what specnet needs or can use."""
    import yaml

    from specnet import __version__

    python = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", "ok" if sys.version_info >= (3, 11) else "broken", f"{python} at {sys.executable}")
    yield Check("specnet", "ok", __version__)
    for package in ("networkx", "pydantic", "pyyaml"):
        version = _version(package)
        yield Check(package, "ok" if version else "broken", version or f"pip install {package}")
    fast = hasattr(yaml, "CSafeLoader")
    yield Check("libyaml", "ok" if fast else "missing", "" if fast else "specs are read ten times slower")
    arrays = (("numpy", "arrays"), ("safetensors", "arrays"))
    for package, extra in (
        *arrays,
        ("scikit-learn", "data"),
        ("pillow", "data"),
        ("matplotlib", "plots"),
        ("h5py", "keras"),
        ("shtab", "completion"),
    ):
        version = _version(package)
        yield Check(package, "ok" if version else "missing", version or f"pip install 'specnet[{extra}]'")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _backends() -> Iterator[Check]:
    """Every registered backend and the devices that it sees."""
    from specnet import plugins
    from specnet.diagnostics.errors import PluginError
    from specnet.text import one_line

    for name in plugins.names("specnet.backends"):
        try:
            devices = ", ".join(plugins.load("specnet.backends", name)().devices())
            yield Check(f"backend {name}", "ok", f"devices: {devices}")
        except PluginError as error:
            gone = isinstance(error.__cause__, ModuleNotFoundError)
            yield Check(f"backend {name}", "missing" if gone else "broken", f"{error.message}; {error.hint}")
        except Exception as error:
            reason = f"{type(error).__name__}: {one_line(str(error))}"
            yield Check(f"backend {name}", "broken", f"it cannot tell its devices: {reason}")


def _plugins() -> Iterator[Check]:
    """How many kinds of each family there are, and whatever cannot be loaded."""
    from specnet import plugins
    from specnet.diagnostics.errors import PluginError

    for group in plugins.BASES:
        names = plugins.names(group)
        noun = plugins.NOUNS[group]
        broken = 0
        for name in names:
            try:
                plugins.load(group, name)
            except PluginError as error:
                broken += 1
                yield Check(f"{noun} {name}", "broken", f"{error.message}; {error.hint}")
        state, sound = "ok" if names else "broken", len(names) - broken
        plural = noun + ("es" if noun.endswith("s") else "s")
        yield Check(plural, state, f"{sound} of {len(names)} can be loaded")
