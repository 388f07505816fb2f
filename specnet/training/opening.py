"""What a run is opened with: the network on its devices, the dataset, the statistics of its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet import backend as backends
from specnet import initial, placement, plugins
from specnet import plan as plans
from specnet.backend import PRECISIONS, Backend, Executable, Precision, State, check_state, storage
from specnet.data.base import Data, Dataset, Wanted
from specnet.data.statistics import Statistics, measure
from specnet.errors import DataError, UsageError, suggestion
from specnet.network import Network, analyse
from specnet.placement import Placement
from specnet.plan import Plan
from specnet.recipe import Training
from specnet.spec import Spec
from specnet.training.inputs import needs_statistics
from specnet.training.progress import Progress


@dataclass(frozen=True)
class Compiled:
    """A plan on its devices."""

    network: Network
    plan: Plan
    placement: Placement
    executable: Executable


def compile_spec(
    spec: Spec,
    backend: str | Backend,
    devices: str | Mapping[str, str] | None = None,
    precision: Precision = "float32",
) -> Compiled:
    """Check a spec, plan it, place it and compile it. Its state is zero.

    Raises `SpecError` for an invalid spec, `PluginError` for a missing backend and `DeviceError` for a
    missing device.
    """
    precision = precision_of(precision)
    network = analyse(spec)
    plan = plans.make(network)
    chosen = backends.find(backend) if isinstance(backend, str) else backend
    placed = placement.place(plan.groups, devices, chosen.devices())
    return Compiled(network, plan, placed, chosen.compile(plan, placed, precision))


def check_fits(saved: State, spec: Spec) -> None:
    """Raise `UsageError` unless these are the weights of the spec's network.

    That is looked at before anything is compiled: a stranger's spec may be of any size.
    """
    check_state({p.name: p.shape for p in plans.make(analyse(spec)).parameters}, saved)


def initialise(compiled: Compiled, seed: int, precision: Precision) -> None:
    """Give a compiled network its initial values."""
    compiled.executable.load_state(initial.initial_state(compiled.plan, seed, storage(precision)))


def precision_of(name: str) -> Precision:
    """The precision of that name. Raises `UsageError` for any other."""
    for known in PRECISIONS:
        if name == known:
            return known
    raise UsageError(f"there is no precision '{name}'", suggestion(name, PRECISIONS, noun="precision"))


def open_data(spec: Spec, network: Network, asked: str | None) -> tuple[Dataset, str]:
    """The dataset asked for as KIND or KIND:PATH, else the spec's own; and the request that opens it again.

    Options come from the spec's `data` where it is of the same kind.
    """
    _, _, path = asked.partition(":") if asked else ("", "", "")
    declared = with_data(spec, asked).data
    if declared is None:
        raise DataError(f"the spec '{spec.name}' names no dataset", f"--data KIND[:PATH], with {_kinds()}")
    names = network.inputs()
    if len(names) != 1:
        raise UsageError(f"training takes one input, and the spec has {len(names)}: {', '.join(names)}")
    classes = network.output_shape(recipe_of(spec).loss.from_)[0]
    dataset = declared.open(path or None, Wanted(network.output_shape(names[0]), classes))
    if len(dataset.classes) > classes:
        message = f"the dataset has {len(dataset.classes)} classes, and the network tells {classes} apart"
        raise DataError(message, f"--set layers.{recipe_of(spec).loss.from_}.units={len(dataset.classes)}")
    return dataset, f"{declared.kind}:{path}" if path else declared.kind


def with_data(spec: Spec, asked: str | None) -> Spec:
    """The spec with the dataset that is asked for as KIND or KIND:PATH, if it names another or none.

    Raises `DataError` for a kind that there is not.
    """
    kind = asked.partition(":")[0] if asked else ""
    if not kind or (spec.data is not None and spec.data.kind == kind):
        return spec
    if kind not in plugins.names("specnet.datasets"):
        raise DataError(
            f"there is no dataset '{kind}'",
            suggestion(kind, plugins.names("specnet.datasets"), noun="dataset"),
        )
    declared: Data = plugins.load("specnet.datasets", kind).model_validate({"kind": kind})
    return spec.model_copy(update={"data": declared})


def _kinds() -> str:
    return f"KIND one of {', '.join(plugins.names('specnet.datasets'))}"


def recipe_of(spec: Spec) -> Training:
    if spec.training is None:
        raise UsageError(
            f"the spec '{spec.name}' has no training section",
            "add one: training: {loss: ..., optimizer: ...}",
        )
    return spec.training


def statistics_of(recipe: Training, dataset: Dataset, progress: Progress) -> Statistics:
    """The dataset's own, else measured on the training images if the recipe uses them, else zeros that
    nobody reads."""
    if dataset.statistics is not None:
        return dataset.statistics
    if needs_statistics(recipe):
        progress.begin()

        def show(done: int, total: int) -> None:
            progress.show("measuring images", done, total)

        return measure(dataset.train, progress=show)
    return placeholder(dataset.train.shape)


def placeholder(shape: tuple[int, ...]) -> Statistics:
    """What stands for the statistics of images of `shape` where no recipe reads them.

    No images have these: whose mean is 0 does not spread.
    """
    import numpy as np

    return Statistics(np.zeros(shape), np.ones(shape[0]), np.zeros(shape[0]), np.eye(shape[0]))
