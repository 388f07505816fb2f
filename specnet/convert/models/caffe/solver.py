"""A solver's rule and schedule in the words of a recipe (`sgd_solver.cpp` and its neighbours)."""

from __future__ import annotations

from typing import Any

from specnet.convert.models.caffe.message import Message, short
from specnet.convert.models.caffe.schema import ENUMS

OF_OLD = dict(
    zip(ENUMS["SolverType"], ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam"), strict=True)
)
KINDS = ("SGD", "Nesterov", "Adam", "RMSProp", "AdaGrad")
ADAM = "Caffe's Adam adds delta before it corrects the mean squares: its epsilon is less in the first steps."


def optimizer(solver: Message) -> dict[str, Any]:
    """The update rule, without what single layers have of their own. Raises `UnsayableError`."""
    kind = solver.one("type") or OF_OLD[solver.one("solver_type", "SGD")]
    if kind not in KINDS:
        at = "type" if solver.has("type") else "solver_type"
        raise solver.refuse(
            f"the rule {kind} has no meaning in a recipe", at, f"known are {', '.join(KINDS)}"
        )
    if not solver.has("base_lr"):
        raise solver.refuse("the solver has no base_lr, the rate that it starts from")
    if solver.one("regularization_type", "L2") != "L2":
        raise solver.refuse("a decay other than L2 has no meaning in a recipe", "regularization_type")
    momentum, delta = short(solver.one("momentum", 0.0)), short(solver.one("delta", 1e-8))
    own: dict[str, Any] = {"kind": {"Nesterov": "sgd"}.get(kind, kind.lower())}
    own["learning_rate"] = short(solver.one("base_lr"))
    if kind in ("RMSProp", "AdaGrad") and momentum:
        raise solver.refuse(f"Caffe takes no momentum with {kind}", "momentum")
    match kind:
        case "SGD" | "Nesterov":
            own |= {"momentum": momentum, "nesterov": kind == "Nesterov" and momentum > 0}
        case "Adam":
            own |= {"beta1": momentum, "beta2": short(solver.one("momentum2", 0.999)), "epsilon": delta}
        case "RMSProp":
            own |= {"rho": short(solver.one("rms_decay", 0.99)), "epsilon": delta}
        case "AdaGrad":
            own |= {"epsilon": delta}
    own["weight_decay"] = short(solver.one("weight_decay", 0.0))
    longest = solver.one("clip_gradients", -1.0)
    if longest >= 0:
        if longest == 0:
            raise solver.refuse("gradients that are cut to nothing train nothing", "clip_gradients")
        own["clip_norm"] = short(longest / solver.one("iter_size", 1))
    return own


def schedule(solver: Message) -> dict[str, Any] | None:
    """How the rate changes, in steps; None if it does not. Raises `UnsayableError`."""
    policy = solver.one("lr_policy", "")
    gamma, power = solver.one("gamma"), solver.one("power")
    wanted = {"step": ("gamma", "stepsize"), "multistep": ("gamma", "stepvalue"), "exp": ("gamma",)}
    wanted |= {"inv": ("gamma", "power"), "poly": ("power", "max_iter")}
    for key in wanted.get(policy, ()):
        if not solver.has(key):
            raise solver.refuse(f"the policy '{policy}' needs a {key}", "lr_policy")
    match policy:
        case "fixed":
            return None
        case "step":
            every = solver.one("stepsize")
            return {"kind": "step", "factor": short(gamma), "every": every, "unit": "step"}
        case "multistep":
            return {
                "kind": "multistep",
                "factor": short(gamma),
                "at": solver.many("stepvalue"),
                "unit": "step",
            }
        case "exp":
            return {"kind": "exponential", "factor": short(gamma), "unit": "step"}
        case "inv":
            return {"kind": "inv", "gamma": short(gamma), "power": short(power)}
        case "poly":
            over = solver.one("max_iter")
            return {"kind": "polynomial", "power": short(power), "over": over, "unit": "step"}
    hint = "fixed, step, multistep, exp, inv and poly have"
    raise solver.refuse(
        f"the policy '{policy}' has no meaning in a recipe" if policy else "the solver has no lr_policy",
        "lr_policy",
        hint,
    )
