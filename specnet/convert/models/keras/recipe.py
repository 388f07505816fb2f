"""What a Keras model was compiled with, as a recipe, where a spec can say exactly that."""

from __future__ import annotations

import math
from typing import Any

from specnet.convert.models.draft import Draft, Part
from specnet.convert.models.keras.entry import as_written, shown

OFF: dict[str, Any] = {
    **{"use_ema": False, "weight_decay": None, "clipnorm": None, "clipvalue": None, "decay": 0.0},
    **{"gradient_accumulation_steps": None, "loss_scale_factor": None},
}
"""Options of an optimizer, with the value that changes nothing."""
SILENT = {"jit_compile", "is_legacy_optimizer", "name", "ema_momentum", "ema_overwrite_frequency"}
"""Those that say nothing by themselves."""
CLASSES = {"sparse_categorical_crossentropy", "categorical_crossentropy"}
BATCH = 32
"""Images in a step of `fit`, if it is not told."""


def recipe(compiled: Any, draft: Draft) -> None:
    """Give the draft a recipe; or say why there is none."""
    if not isinstance(compiled, dict) or not (compiled.get("optimizer") or compiled.get("optimizer_config")):
        draft.lost.append("The model was not compiled: it has no recipe.")
        return
    update = _optimizer(compiled.get("optimizer") or compiled.get("optimizer_config"))
    loss = _loss(compiled, draft)
    if isinstance(update, str) or isinstance(loss, str):
        reasons = [reason for reason in (update, loss) if isinstance(reason, str)]
        draft.lost.append(f"Its recipe is lost: {'; '.join(reasons)}.")
        return
    draft.training = {"loss": loss, "optimizer": update, "batch_size": BATCH, "epochs": 1}
    draft.assumed += ["training.batch_size", "training.epochs"]


def _optimizer(value: Any) -> dict[str, Any] | str:
    """The update rule, or why it cannot be said. Of Keras's, SGD alone is the same to the last bit: others
    have their epsilon elsewhere, and decay weights in another way."""
    name = value.get("class_name") if isinstance(value, dict) else value
    config = value.get("config") if isinstance(value, dict) else None
    if not isinstance(config, dict) or name not in ("SGD", "sgd"):
        return f"the optimizer {shown(name)} has no exact counterpart"
    known = {"learning_rate", "momentum", "nesterov", "global_clipnorm", "class_name"}
    for key, option in config.items():
        if key not in known and key not in SILENT and option is not None and option != OFF.get(key, False):
            return f"SGD with {shown(key)} {shown(option)} has no exact counterpart"
    rate: Any = config.get("learning_rate")
    momentum: Any = config.get("momentum", 0.0)
    if not _is_number(rate) or not _is_number(momentum) or rate <= 0 or not 0 <= momentum < 1:
        return f"a learning rate {shown(rate)} and a momentum {shown(momentum)} are not read"
    made: dict[str, Any] = {"kind": "sgd", "learning_rate": as_written(float(rate))}
    if momentum:
        made["momentum"] = as_written(float(momentum))
        made |= {"nesterov": True} if config.get("nesterov") is True else {}
    clip = config.get("global_clipnorm")
    if clip is not None:
        if not _is_number(clip) or clip <= 0:
            return f"a global_clipnorm {shown(clip)} is not read"
        made["clip_norm"] = as_written(float(clip))
    return made


def _loss(compiled: dict[str, Any], draft: Draft) -> dict[str, Any] | str:
    """What is minimized, or why it cannot be said."""
    value, head = compiled.get("loss"), list(draft.outputs)
    name = value.get("class_name") if isinstance(value, dict) else value
    config = value.get("config") if isinstance(value, dict) else {}
    options = config if isinstance(config, dict) else {}
    if len(head) != 1 or compiled.get("loss_weights") is not None:
        return "losses of several outputs, or with weights, are not read"
    if not isinstance(name, str):
        return f"the loss {shown(value)} is not read"
    if _snake(name) in ("mse", "mean_squared_error"):
        return {"kind": "mean_squared_error", "from": head[0]}
    if _snake(name) not in CLASSES:
        return f"the loss {shown(name)} has no exact counterpart"
    if options.get("from_logits") is not True or _is_softmax(head[0]):
        return (
            f"{shown(name)} of probabilities is another function than that of logits, where these are small"
        )
    smoothing = options.get("label_smoothing") or 0
    if not _is_number(smoothing) or not 0 <= smoothing < 1 or options.get("ignore_class") is not None:
        return f"the loss {shown(name)} with its options has no exact counterpart"
    made: dict[str, Any] = {"kind": "softmax_cross_entropy", "from": head[0]}
    return {**made, "label_smoothing": as_written(float(smoothing))} if smoothing else made


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _is_softmax(part: Part) -> bool:
    return part.fields.get("function") == "softmax"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
