"""The dataset that a run is trained on, and the statistics of its images."""

from __future__ import annotations

from typing import Any

from specnet import plugins
from specnet.data.asked import ARRAYS, kind_of
from specnet.data.base import Data, Dataset, Wanted
from specnet.data.measure import measure
from specnet.data.statistics import Statistics, placeholder
from specnet.diagnostics.errors import DataError, UsageError
from specnet.diagnostics.suggestions import suggestion
from specnet.network.network import Network
from specnet.recipe.training import Training
from specnet.spec.spec import Spec
from specnet.terminal.progress import Progress


def open_data(
    network: Network, asked: str | tuple[Any, Any] | None, *, tested: bool = False
) -> tuple[Dataset, str]:
    """The dataset asked for as KIND or KIND:PATH or given in arrays, else the spec's own; and the request
    that opens it again, for arrays their digest.

    Options come from the spec's `data` where it is of the same kind. If arrays are to be `tested`, none are
    held out.
    """
    spec = network.spec
    declared = with_data(spec, asked).data
    if declared is None:
        raise DataError(f"the spec '{spec.name}' names no dataset", f"--data KIND[:PATH], with {_kinds()}")
    names = network.inputs()
    if len(names) != 1:
        raise UsageError(f"training takes one input, and the spec has {len(names)}: {', '.join(names)}")
    loss = recipe_of(spec).loss
    if loss.labels != "class":
        message = (
            f"the loss '{loss.kind}' wants {loss.labels} as labels, and datasets have a class for each image"
        )
        raise UsageError(message, "take another loss")
    mixing = [part.kind for part in recipe_of(spec).augment if part.mixes]
    if mixing and not loss.soft_labels:
        message = (
            f"{mixing[0]} labels an image with each class's share, and the loss '{loss.kind}' takes one class"
        )
        raise UsageError(message, f"leave {mixing[0]} out, or take another loss")
    classes = network.output_shape(loss.head_layer)[0]
    shape = network.output_shape(names[0])
    if asked is None or isinstance(asked, str):
        path = (asked or "").partition(":")[2]
        dataset = declared.open(path or None, Wanted(shape, classes))
        request = f"{declared.kind}:{path}" if path else declared.kind
    else:
        from specnet.data.arrays import given
        from specnet.data.kinds.arrays import Arrays

        assert isinstance(declared, Arrays)
        arrays = given(asked, shape)
        dataset = arrays.dataset(None if tested else declared.held_out)
        request = f"{ARRAYS}:{arrays.digest()}"
    if len(dataset.classes) > classes:
        message = f"the dataset has {len(dataset.classes)} classes, and the network tells {classes} apart"
        raise DataError(message, f"--set layers.{loss.head_layer}.units={len(dataset.classes)}")
    return dataset, request


def with_data(spec: Spec, asked: str | tuple[Any, Any] | None) -> Spec:
    """The spec with the dataset that is asked for as KIND or KIND:PATH or given in arrays, if it names
    another or none.

    Raises `DataError` for an unknown kind.
    """
    kind = kind_of(asked) if asked else ""
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
    if recipe.needs_statistics():
        progress.begin()

        def show(done: int, total: int) -> None:
            progress.show("measuring images", done, total)

        return measure(dataset.train, progress=show)
    return placeholder(dataset.train.shape)
