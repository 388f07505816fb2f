"""Random networks: NumPy, PyTorch and TensorFlow agree; `make parity` runs many more of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from specnet.backend import protocol as backends
from specnet.backend.batch import Batch
from specnet.backend.protocol import Precision, State
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet.spec.expansion import expand
from specnet.testing import parity
from specnet.testing.oracles import Interpreter, layer_oracle
from specnet.testing.random_specs import network_of, random_spec

SEEDS = range(4, 34)


@pytest.mark.parametrize("seed", SEEDS)
def test_programs_agree_on_random_networks(seed: int) -> None:
    """Measured: forward within 5.4e-15, gradients within 2.4e-13 or at 1.5 times the noise of rounding."""
    chosen = [backends.find(name) for name in parity.BACKENDS]
    differences = list(parity.compare(seed, chosen))
    assert {d.pair for d in differences} == {
        "numpy - torch",
        "numpy - tensorflow",
        "torch - tensorflow",
    }
    assert [str(d) for d in differences if d.missed] == []


def test_random_networks_have_everything() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        seen.update(features(random_spec(seed)))
    groups = {f"{count} groups" for count in (1, 2, 3, 4)}
    windows = {"padding on four sides", "same", "ceil", "floor", "kernel of two sizes", "stride", "blocks"}
    scales = {"scale_at train", "scale_at test", "alpha_over sum", "alpha_over size", "softmax"}
    edges = {"several inputs", "crossing", "pinned", "split", "replicated"}
    missing = (set(layer_oracle.names()) | groups | windows | scales | edges) - set(seen)
    assert not missing


def features(spec: Mapping[str, Any]) -> set[str]:
    """What a random network has of the things that one should have."""
    network = network_of(spec)
    replicated = network.graph.replicated | set(network.inputs())
    found = {f"{len(spec['groups'])} groups"}
    for name, layer in expand(spec).document.data()["layers"].items():
        found |= features_of(layer)
        if len(network.graph.groups[name]) > 1 and layer["kind"] != "input":
            found.add("replicated" if name in replicated else "split")
    return found


def features_of(layer: Mapping[str, Any]) -> set[str]:
    """What one layer has of them."""
    has = {
        "padding on four sides": isinstance(layer.get("padding"), list) and len(set(layer["padding"])) > 1,
        "same": layer.get("padding") == "same",
        "kernel of two sizes": isinstance(layer.get("kernel"), list),
        "stride": layer.get("stride") in (2, 3),
        "blocks": layer.get("groups", 1) > 1,
        "softmax": "softmax" in (layer.get("activation"), layer.get("function")),
        "several inputs": isinstance(layer.get("from"), list),
        "crossing": layer.get("cross_group", False),
        "pinned": "group" in layer,
    }
    options = {f"{key} {layer[key]}" for key in ("scale_at", "alpha_over") if key in layer}
    return (
        {name for name, it in has.items() if it} | options | {layer["kind"], layer.get("rounding", "floor")}
    )


def test_a_random_network_is_a_function_of_its_seed() -> None:
    assert random_spec(3) == random_spec(3)
    assert random_spec(3) != random_spec(4)


class Wrong(Interpreter):
    """NumPy with the last gradient off by one part in 10**9."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        loss, gradients = super().gradients(batch)
        name = list(gradients)[-1]
        return loss, {**gradients, name: gradients[name] * (1 + 1e-9)}


class WrongBackend:
    """A backend that the comparison must find out."""

    name = "wrong"

    def devices(self) -> list[str]:
        return ["cpu"]

    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> Any:
        return Wrong(plan)


def test_a_wrong_gradient_is_a_miss() -> None:
    missed = [d for d in parity.compare(0, [WrongBackend()]) if d.missed]
    assert [(d.quantity, d.pair) for d in missed] == [("gradient", "numpy - wrong")]
    assert missed[0].error == pytest.approx(1e-9, rel=1e-3)


class Slow(Interpreter):
    """NumPy whose steps are short by one part in 10**6."""

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> Any:
        return super().train_step(batch, learning_rate * (1 - 1e-6), micro_batch)


def test_a_wrong_step_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WrongBackend, "compile", lambda self, plan, placement, precision: Slow(plan))
    missed = {d.quantity for d in parity.compare(0, [WrongBackend()]) if d.missed}
    assert missed == {"training"}
    assert not [d for d in parity.compare(1, [WrongBackend()]) if d.missed]  # this one is not trained


def test_what_is_no_number_is_a_miss() -> None:
    assert parity.Difference(0, "a - b", "forward", "x", float("inf")).missed
    assert parity.Difference(0, "a - b", "gradient", "x", float("inf"), float("nan")).missed
    assert not parity.Difference(0, "a - b", "gradient", "x", 1.0, 3.0).missed


def test_command_prints_the_worst_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert parity.main(["--graphs", "2", "--backends", "torch"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("worst numpy - torch forward, network ")
    assert lines[-1] == "0 misses"
    assert "2 of 2 networks, 0 misses" in printed.err


def test_command_fails_on_a_miss(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(backends, "find", lambda name: WrongBackend())
    assert parity.main(["--graphs", "1", "--backends", "wrong"]) == 1
    assert "MISS numpy - wrong gradient, network 0" in capsys.readouterr().err


def test_command_names_a_backend_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert parity.main(["--graphs", "1", "--backends", "torhc"]) == 2
    assert "torch" in capsys.readouterr().err


def test_noise_is_small_where_nothing_cancels() -> None:
    """The jitter moves a value by one unit in its last place, not more."""
    values = np.linspace(1, 2, 1000)
    assert 0 < np.abs(parity._jitter(0)(values) / values - 1).max() <= 2.0**-52 * (1 + 1e-12) + 2.0**-53
