"""Looking up kinds, backends and datasets in their entry points.

Built-in ones come in the same way as a stranger's. Names are listed without importing anything, and a plugin
is imported only when something names it, so a broken one harms nobody who does not use it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from specnet.diagnostics.errors import PluginError
from specnet.diagnostics.suggestions import suggestion
from specnet.text import one_line

Group = Literal[
    "specnet.layers",
    "specnet.activations",
    "specnet.losses",
    "specnet.optimizers",
    "specnet.schedules",
    "specnet.initializers",
    "specnet.normalizations",
    "specnet.augmentations",
    "specnet.evaluations",
    "specnet.metrics",
    "specnet.datasets",
    "specnet.backends",
]

NOUNS: dict[str, str] = {
    "specnet.layers": "layer kind",
    "specnet.activations": "activation function",
    "specnet.losses": "loss",
    "specnet.optimizers": "optimizer",
    "specnet.schedules": "schedule",
    "specnet.initializers": "initializer",
    "specnet.normalizations": "normalization",
    "specnet.augmentations": "augmentation",
    "specnet.evaluations": "evaluation",
    "specnet.metrics": "metric",
    "specnet.backends": "backend",
    "specnet.datasets": "dataset",
}

KINDS = "specnet.kinds."
"""A group of modules that register what a backend does for kinds ends in that backend's name.

Packages may share a name there: one has a layer of that name, say, and another one a loss."""

BASES: dict[str, str] = {
    "specnet.layers": "specnet.layers.base.Layer",
    "specnet.activations": "specnet.layers.functions.ActivationFunction",
    "specnet.losses": "specnet.recipe.losses.Loss",
    "specnet.optimizers": "specnet.recipe.optimizers.Optimizer",
    "specnet.schedules": "specnet.recipe.schedules.Schedule",
    "specnet.initializers": "specnet.recipe.initializers.Initializer",
    "specnet.normalizations": "specnet.recipe.normalizations.Normalization",
    "specnet.augmentations": "specnet.recipe.augmentations.Augmentation",
    "specnet.evaluations": "specnet.recipe.evaluations.Evaluation",
    "specnet.metrics": "specnet.recipe.metrics.Metric",
    "specnet.datasets": "specnet.data.base.Data",
}
"""What a plugin's class is derived from, by name: nothing is imported to look at it."""


@cache
def _installed() -> Any:
    """All entry points of all packages: finding them reads a file of each, so it is done once.

    Their class is another one in Python 3.11 than later; both have `select`.
    """
    return entry_points()


@cache
def registered(group: str) -> dict[str, list[EntryPoint]]:
    """All entry points of a group by name. More than one for a name means that packages clash."""
    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(_installed().select(group=group), key=lambda p: p.name):
        claims = found.setdefault(point.name, [])
        if all(package(other) != package(point) for other in claims):
            claims.append(point)
    return found


def groups() -> list[str]:
    """Every group that something can be registered in: specnet's own, and one for each backend's kinds."""
    return [*NOUNS, *sorted(group for group in entry_points().groups if group.startswith(KINDS))]


def noun(group: str) -> str:
    """What a name of the group stands for, in words."""
    if group.startswith(KINDS):
        return f"{group.removeprefix(KINDS)} implementation of"
    return NOUNS.get(group, group)


def names(group: str) -> list[str]:
    """The registered names of a group, without importing anything."""
    return list(registered(group))


def package(point: EntryPoint) -> str:
    """The distribution that an entry point comes from."""
    return point.dist.name if point.dist else point.module.split(".")[0]


@cache
def load(group: str, name: str) -> Any:
    """Import what `name` stands for.

    Raises `PluginError` if nobody registered the name, two packages did, the import fails, or what
    it finds is not what the group asks for.
    """
    claims = registered(group).get(name, [])
    if not claims:
        if not registered(group):
            hint = "nothing is registered; was specnet installed with pip?"
        else:
            hint = suggestion(name, names(group), noun=noun(group)) + "; a plugin's must be installed first"
        raise PluginError(f"there is no {noun(group)} '{name}'", hint)
    if len(claims) > 1 and not group.startswith(KINDS):
        owners = " and ".join(sorted(package(point) for point in claims))
        raise PluginError(
            f"{noun(group)} '{name}' is claimed by {owners}", "uninstall one of the two packages"
        )
    everything = [_imported(group, claim) for claim in claims]
    return everything[0]


def _imported(group: str, point: EntryPoint) -> Any:
    """What an entry point stands for. Raises `PluginError` if it cannot be had, or is not what it must be."""
    try:
        found = point.load()
    except ModuleNotFoundError as error:
        raise PluginError(*_missing(point, noun(group), error)) from error
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {one_line(str(error))}"
        raise _broken(point, noun(group), f"cannot be imported: {reason}") from error
    wanted = _wanted(group, found)
    if wanted:
        raise _broken(point, noun(group), f"is {point.value}, which is not {wanted}")
    return found


def _broken(point: EntryPoint, noun: str, fault: str) -> PluginError:
    """The error about a plugin. Its package is looked up here only: that reads a file."""
    owner = package(point)
    hint = f"pip install --upgrade {owner}, or tell its author"
    return PluginError(f"{noun} '{point.name}' of package {owner} {fault}", hint)


def _wanted(group: str, found: Any) -> str | None:
    """What the group asks for, if this is something else."""
    if group == "specnet.backends":
        fits = isinstance(found, type) and all(hasattr(found, name) for name in ("devices", "compile"))
        return None if fits else "a class with the methods of specnet.backend.protocol.Backend"
    base = BASES.get(group)
    classes = found.__mro__ if isinstance(found, type) else ()
    if base is None or any(f"{cls.__module__}.{cls.__qualname__}" == base for cls in classes[1:]):
        return None
    return f"a class derived from {base}"


def _missing(point: EntryPoint, noun: str, error: ModuleNotFoundError) -> tuple[str, str]:
    """Message and hint for a plugin whose own needs are not installed."""
    module = (error.name or "").split(".")[0]
    owner = package(point)
    message = f"{noun} '{point.name}' needs the package {module}, which is not installed"
    install = f"pip install 'specnet[{point.name}]'" if owner == "specnet" else f"pip install {module}"
    return message, install
