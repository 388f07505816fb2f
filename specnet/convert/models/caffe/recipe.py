"""A net's losses and data and a solver -> a recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from specnet.convert.models.caffe import solver as solvers
from specnet.convert.models.caffe.message import Message, short
from specnet.convert.models.caffe.net import Layer, Multipliers
from specnet.convert.models.caffe.rates import rates
from specnet.convert.models.caffe.walk import Head, Walk
from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.recipe.metrics import MANY_CLASSES
from specnet.recipe.training import Training
from specnet.text import few

MOST_STEPS = 10**9
DEFAULT_BATCH = 128


def main_first(heads: list[Head]) -> list[Head]:
    """The losses with the network's answer first: that which counts most, the last of those that do."""
    if not heads:
        return []
    most = max(head.weight for head in heads)
    main = [head for head in heads if head.weight == most][-1]
    return [main, *(head for head in heads if head is not main)]


def fillers(walk: Walk, *, has_recipe: bool) -> dict[str, Any] | None:
    """Write the initial values into the layers; what most of them have is returned for the recipe.

    Caffe's default is 0, which is said only of a net that says some. Raises `UnsayableError`.
    """
    if not any(filled.is_said for filled in walk.filled):
        return None
    known = [filled for filled in walk.filled if filled.initializer is not None]
    usual = Counter(repr(filled.initializer) for filled in known).most_common(1)
    common = next((f.initializer for f in known if usual and repr(f.initializer) == usual[0][0]), None)
    for filled in known:
        if not has_recipe or filled.initializer != common:
            filled.part.fields["weights"] = filled.initializer
            filled.part.layer()  # which refuses what is no standard deviation, say
    return common if has_recipe else None


def recipe(
    walk: Walk, every: list[Layer], solver: Message, weights: dict[str, Any] | None, images: int | None
) -> dict[str, Any]:
    """The recipe of a net that has been tidied up. Raises `UnsayableError`.

    `every` has the layers of all phases, `images` is the size of the training set.
    """
    draft, heads = walk.draft, main_first(walk.heads)
    if not heads:
        raise solver.refuse("the net has no loss that is known here, and a recipe needs one")
    rule = solvers.optimizer(solver)
    if rule["kind"] == "adam":
        draft.lost.append(solvers.ADAM)
    multipliers: dict[Part, Mapping[str, Multipliers]] = {
        p: m for p, m in walk.multipliers.items() if p in draft.parts
    }
    rule |= rates(multipliers, rule["learning_rate"], rule["weight_decay"])
    schedule = solvers.schedule(solver)
    made: dict[str, Any] = {"loss": _loss(draft, heads), "optimizer": _ordered(rule)}
    made |= {"weights": weights} if weights else {}
    made |= {"schedule": schedule} if schedule else {}
    made |= _images(walk, every)
    made |= _metrics(every, heads[0], draft)
    made |= _lengths(walk, solver, images)
    _check(made, solver)
    return made


def _loss(draft: Draft, heads: list[Head]) -> dict[str, Any]:
    losses = [
        {"kind": head.kind, "from": standing(draft, head.part).name, "weight": head.weight} for head in heads
    ]
    for loss in losses:
        if loss["weight"] == 1:
            del loss["weight"]
    return losses[0] if len(losses) == 1 and "weight" not in losses[0] else {"kind": "sum", "of": losses}


def standing(draft: Draft, part: Part) -> Part:
    """A layer, or the one that it has become part of."""
    while part not in draft.parts:
        part = part.reads[0]
    return part


def _ordered(rule: dict[str, Any]) -> dict[str, Any]:
    """The keys in the order of people, without what says nothing."""
    last = ("weight_decay", "biases", "rates", "clip_norm")
    usual = {"momentum": 0, "nesterov": False, "weight_decay": 0, "beta1": 0.9, "beta2": 0.999, "rho": 0.9}
    keys = [*(key for key in rule if key not in last), *(key for key in last if key in rule)]
    epsilon = {"adagrad": 1e-10}.get(rule["kind"], 1e-8)
    said = {key: rule[key] for key in keys if rule[key] != usual.get(key)}
    if said.get("epsilon") == epsilon:
        del said["epsilon"]
    return said


def _images(walk: Walk, every: list[Layer]) -> dict[str, Any]:
    """What is done to images, from the options of the layer that they come from."""
    made: dict[str, Any] = {}
    if not walk.data:
        return made
    transform = walk.data[0].transform()
    factor = short(transform.one("scale", 1.0))
    means = [short(mean) for mean in transform.many("mean_value")]
    if factor <= 0:
        raise transform.refuse("pixels are multiplied by a number above 0 in a recipe", "scale")
    if transform.has("mean_file"):
        made["normalize"] = {"kind": "mean_image"} | ({"scale": factor} if factor != 1 else {})
    elif means or factor != 1:
        mean: Any = means[0] if len(means) == 1 else means[::-1] if len(means) == 3 else means
        std = {"std": short(1 / factor)} if factor != 1 else {}
        made["normalize"] = {"kind": "constants"} | ({"mean": mean} if means else {}) | std
    side = transform.one("crop_size", 0)
    augment = [{"kind": "random_crop", "size": side}] if side else []
    if transform.one("mirror", False):
        augment.append({"kind": "horizontal_flip"})
    if augment:
        made["augment"] = augment
    tested = [layer for layer in every if layer.type == walk.data[0].type and layer is not walk.data[0]]
    cut = tested[-1].transform().one("crop_size", 0) if tested else side
    if side and cut != side and cut:
        raise tested[-1].transform().refuse(f"it is cut to {cut} and in training to {side}", "crop_size")
    if side:
        made["evaluate"] = {"kind": "center_crop", "size": side}
    return made


def _metrics(every: list[Layer], main: Head, draft: Draft) -> dict[str, Any]:
    """What an accuracy measures of the network's answer, beside what always is."""
    classes = standing(draft, main.part).shape[0]
    measured = [layer for layer in every if layer.type == "Accuracy"]
    own = [layer for layer in measured if layer.bottoms[:1] == main.layer.bottoms[:1]]
    if others := [layer.name for layer in measured if layer not in own]:
        told = few([f"'{name}'" for name in dict.fromkeys(others)])
        draft.lost.append(f"Only the network's answer is measured here, not what {told} did.")
    found = [layer.param("accuracy_param").one("top_k", 1) for layer in own]
    counts = sorted({k for k in found if 1 < k < classes})
    if not counts or (counts == [5] and classes >= MANY_CLASSES):
        return {}
    return {"metrics": [{"kind": "top_k", "k": k} for k in counts]}


def _lengths(walk: Walk, solver: Message, images: int | None) -> dict[str, Any]:
    """The batch, and the passes over the training set."""
    options = [f"{name}_param" for name in ("data", "image_data", "hdf5_data", "memory_data", "window_data")]
    said = [layer.param(name).one("batch_size", 0) for layer in walk.data for name in options]
    batch = max(said, default=0) * solver.one("iter_size", 1)
    steps = solver.one("max_iter", 0)
    if batch <= 0:
        walk.draft.assumed.append("training.batch_size")
    batch = batch if batch > 0 else DEFAULT_BATCH
    epochs = max(1, round(steps * batch / images)) if images else 1
    if not images:
        walk.draft.assumed.append("training.epochs")
        told = f"It trains for {steps:,} steps of {batch:,} images"
        walk.draft.lost.append(f"{told}; epochs follow from the training set's size, --train-images.")
    return {"batch_size": batch, "epochs": epochs}


def _check(made: dict[str, Any], solver: Message) -> None:
    try:
        Training.model_validate(made)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"])
        raise UnsayableError(solver.place, f"as a recipe it is not sound: {where}: {first['msg']}") from None
