"""The contract itself: every test of it goes red for some fault, and a gap says so when it has closed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specnet.backend.batch import Batch
from specnet.backend.protocol import Precision, State, StepResult
from specnet.numerics.randomness import Array
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet.testing import cases, comparing, rules
from specnet.testing.contract import BY_HAND, BackendContract
from specnet.testing.oracles import Interpreter


class NumpyBackend:
    """The oracles behind the protocol of a backend."""

    name = "numpy"
    interpreter: type[Interpreter] = Interpreter

    def devices(self) -> list[str]:
        return ["cpu"]

    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> Interpreter:
        return self.interpreter(plan)


class TestNumpy(BackendContract):
    """Two groups against one, short form against long form, states and refusals.

    What the contract holds against the oracles is left out: here they would be held against themselves.
    """

    backend = NumpyBackend()
    test_layer_forward = test_layer_gradients = test_ties_are_decided_alike = None  # type: ignore[assignment]
    test_gradients_over_two_groups = test_steps = None  # type: ignore[assignment]
    test_steps_in_single_precision = None  # type: ignore[assignment]


class Off(Interpreter):
    """A billionth too much in every output and gradient."""

    def forward(self, inputs: Mapping[str, Array]) -> State:
        return {name: values * (1 + 1e-9) for name, values in super().forward(inputs).items()}

    def gradients(self, batch: Batch) -> tuple[float, State]:
        loss, gradients = super().gradients(batch)
        return loss, {name: values * (1 + 1e-9) for name, values in gradients.items()}


class NoNumber(Interpreter):
    """Not a number, in the last tensor only."""

    def forward(self, inputs: Mapping[str, Array]) -> State:
        outputs = super().forward(inputs)
        return {**outputs, [*outputs][-1]: np.full_like(outputs[[*outputs][-1]], np.nan)}

    def gradients(self, batch: Batch) -> tuple[float, State]:
        loss, gradients = super().gradients(batch)
        return loss, {**gradients, [*gradients][-1]: np.full_like(gradients[[*gradients][-1]], np.nan)}


class Nothing(Interpreter):
    """No outputs and no gradients."""

    def forward(self, inputs: Mapping[str, Array]) -> State:
        return {}

    def gradients(self, batch: Batch) -> tuple[float, State]:
        return super().gradients(batch)[0], {}


class OffWhenSplit(Interpreter):
    """A billionth too much in the gradients of a network on two groups."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        loss, gradients = super().gradients(batch)
        factor = 1 + 1e-9 * (len(self.plan.groups) - 1)
        return loss, {name: values * factor for name, values in gradients.items()}


class SteadyRate(Interpreter):
    """Deaf to the schedule."""

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        return super().train_step(batch, 0.1, micro_batch)


class FirstPart(Interpreter):
    """Looks at the first micro-batch only."""

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        return super().train_step(next(iter(batch.parts(micro_batch))), learning_rate)


class InOnePiece(Interpreter):
    """Takes a batch with micro-batches as if it had none."""

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        return super().train_step(batch, learning_rate)


class Miscounting(Interpreter):
    """Counts one image too many as wrong in the last micro-batch."""

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        told = super().train_step(batch, learning_rate, micro_batch)
        assert told.wrong is not None
        return replace(told, wrong=float(told.wrong) + (micro_batch is not None))


class Restless(Interpreter):
    """Another run each time."""

    draw = np.random.RandomState(0)

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        return super().train_step(batch, learning_rate * (1 + self.draw.random_sample()), micro_batch)


class Lenient(Interpreter):
    """Takes whatever states and images it is given."""

    def load_state(self, state: Mapping[str, Array]) -> None:
        self._state = {name: np.array(values, np.float64) for name, values in state.items()}

    def forward(self, inputs: Mapping[str, Array]) -> State:
        return {}


class Forgetful(Interpreter):
    """Drops the velocities that it is given."""

    def load_optimizer_state(self, state: Any) -> None:
        pass


class Bessel(Interpreter):
    """Running variances with Bessel's correction, for 3 images of 7 x 6 pixels."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        before, result = self.state(), super().gradients(batch)
        count = batch.images[:, 0].size
        for name, values in self._state.items():
            if name.endswith("running_var"):
                new = (values - 0.9 * before[name]) / 0.1
                self._state[name] = 0.9 * before[name] + 0.1 * new * count / (count - 1)
        return result


class LastOfEqual(Interpreter):
    """The gradient flows to the last of equal pixels, which is a trace larger."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        later = 1e-14 * np.arange(batch.images.size).reshape(batch.images.shape)
        return super().gradients(Batch(batch.images + later, batch.labels))


class AcrossGroups(Interpreter):
    """Adds a little of every output to every other one."""

    def forward(self, inputs: Mapping[str, Array]) -> State:
        outputs = super().forward(inputs)
        return {name: values + 0 * sum(outputs.values()) for name, values in outputs.items()}


class ByName(Interpreter):
    """Rounds by the length of a layer's name."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        loss, gradients = super().gradients(batch)
        return loss, {name: values * (1 + len(name) * 1e-15) for name, values in gradients.items()}


class Thawing(Interpreter):
    """A decay for all parameters, trained or not."""

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        loss = super().train_step(batch, learning_rate, micro_batch)
        frozen = [p.name for p in self.plan.parameters if p.trainable and not p.trained]
        self._state.update({name: self._state[name] * (1 - 1e-9) for name in frozen})
        return loss


class Adapting(Interpreter):
    """Running statistics of frozen layers move, too."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        self._state = {
            name: values * 1.1 if "running" in name else values for name, values in self._state.items()
        }
        return super().gradients(batch)


class WithFrozen(Interpreter):
    """Gradients of frozen parameters, too, all 0."""

    def gradients(self, batch: Batch) -> tuple[float, State]:
        loss, gradients = super().gradients(batch)
        return loss, {p.name: gradients.get(p.name, np.zeros(p.shape)) for p in self.plan.parameters}


FAULTS: list[tuple[type[Interpreter], str, dict[str, Any]]] = [
    *((fault, "test_layer_forward", {"net": cases.ALONE[0]}) for fault in (Off, NoNumber, Nothing)),
    *((fault, "test_layer_gradients", {"net": cases.SPLIT}) for fault in (Off, NoNumber, Nothing)),
    *((fault, "test_gradients_over_two_groups", {"net": cases.SPLIT}) for fault in (Off, NoNumber, Nothing)),
    (LastOfEqual, "test_ties_are_decided_alike", {"net": cases.TIES[0], "precision": "float64"}),
    (SteadyRate, "test_steps", {"net": cases.SPLIT}),
    (NoNumber, "test_steps", {"net": cases.SPLIT}),
    (SteadyRate, "test_steps_by_hand", {"net": BY_HAND[0][0], "options": BY_HAND[0][1]}),
    *(
        (fault, "test_frozen_layers_stay_as_they_are", {"net": rules.FROZEN_FRONT})
        for fault in (Thawing, Adapting, WithFrozen)
    ),
    (FirstPart, "test_micro_batches_change_nothing_but_rounding", {"net": rules.DENSE, "size": 2}),
    (
        Restless,
        "test_a_micro_batch_as_large_as_the_batch_is_the_batch",
        {"net": rules.DENSE},
    ),
    (Miscounting, "test_micro_batches_change_nothing_but_rounding", {"net": rules.DENSE, "size": 2}),
    (InOnePiece, "test_the_network_sees_one_micro_batch_at_a_time", {"net": cases.BATCH_NORM}),
    (SteadyRate, "test_steps_in_single_precision", {"net": cases.SPLIT}),
    (Restless, "test_one_run_is_like_another", {"net": cases.SPLIT}),
    (NoNumber, "test_one_run_is_like_another", {"net": cases.SPLIT}),
    (OffWhenSplit, "test_split_network_is_the_merged_one", {"net": cases.SPLIT}),
    (ByName, "test_long_form_is_the_short_form", {"net": cases.TOWERS}),
    (Bessel, "test_batch_norm_running_statistics", {"net": cases.BATCH_NORM}),
    (AcrossGroups, "test_only_transfers_cross", {"net": cases.CROSSING}),
    (Forgetful, "test_state_round_trip", {"net": cases.SPLIT}),
    *(
        (Lenient, "test_wrong_state_is_refused", {"net": cases.SPLIT, "fault": fault})
        for fault in ("missing", "extra", "turned", "too long")
    ),
    (Lenient, "test_wrong_images_are_refused", {"net": cases.SPLIT}),
]


@pytest.mark.parametrize(("interpreter", "test", "arguments"), FAULTS)
def test_every_fault_is_seen(interpreter: type[Interpreter], test: str, arguments: dict[str, Any]) -> None:
    class Contract(BackendContract):
        backend = NumpyBackend()

    Contract.backend.interpreter = interpreter
    method: Callable[..., None] = getattr(Contract(), test)
    if "record_property" in method.__code__.co_varnames:
        arguments = {**arguments, "record_property": lambda name, value: None}
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        method(**arguments)


def test_every_test_of_the_contract_has_a_fault_that_it_sees() -> None:
    named = {name for name in vars(BackendContract) if name.startswith("test_")}
    # Whether an unknown kind is refused, `test_gaps` shows below: without the refusal nothing is compiled.
    assert {test for _, test, _ in FAULTS} == named - {"test_unknown_kind_is_named_with_its_layer"}


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ({}, {}),
        ({"a": [1.0]}, {}),
        ({}, {"a": [1.0]}),
        ({"a": [1.0], "b": [np.nan]}, {"a": [1.0], "b": [np.nan]}),
        ({"a": [1.0], "b": [np.nan]}, {"a": [1.0], "b": [1.0]}),
        ({"b": [1.0], "a": [1.0]}, {"a": [1.0], "b": [np.nan]}),
        ({"a": [np.inf]}, {"a": [np.inf]}),
        ({"a": []}, {"a": []}),
        ({"a": [1.0]}, {"a": [1.0, 1.0]}),
    ],
)
def test_nothing_and_no_number_agree_with_nothing(
    got: dict[str, list[float]], expected: dict[str, list[float]]
) -> None:
    one, other = ({name: np.array(values) for name, values in state.items()} for state in (got, expected))
    with pytest.raises(AssertionError):
        comparing.assert_alike(one, other, 1.0)
    with pytest.raises(AssertionError):
        comparing.assert_equal(one, other)


def test_losses_without_a_number_do_not_agree() -> None:
    for got, expected in (([], []), ([1.0, np.nan], [1.0, np.nan]), ([1.0, np.nan], [1.0, 2.0])):
        with pytest.raises(AssertionError):
            comparing.assert_alike_losses(got, expected, 1.0)


SUITE = """
from specnet.diagnostics.errors import UsageError
from specnet.testing.contract import BackendContract
from specnet.testing.oracles import Interpreter


class Backend:
    name = "partial"

    def devices(self):
        return ["cpu"]

    def compile(self, plan, placement, precision):
        if any(op.layer.kind in {missing} for op in plan.computes):
            raise UsageError("no")
        return Interpreter(plan)


class TestPartial(BackendContract):
    backend = Backend()
    gaps = {gaps}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("missing", "gaps", "code", "words"),
    [
        (["flatten"], {"flatten": "soon"}, 0, "4 xfailed"),
        (["flatten"], {}, 1, "4 failed"),
        ([], {"flatten": "soon"}, 1, "XPASS(strict)"),
        ([], {"flatten of a vector": "soon"}, 1, "2 failed, 2 passed"),
        ([], {"test_layer_forward": "soon"}, 1, "2 failed, 2 passed"),
        ([], {}, 0, "4 passed"),
    ],
)
def test_gaps(tmp_path: Path, missing: list[str], gaps: dict[str, str], code: int, words: str) -> None:
    """Of the four tests of flatten."""
    suite = tmp_path / "test_partial.py"
    suite.write_text(SUITE.format(missing=missing, gaps=gaps))
    command = [sys.executable, "-m", "pytest", "-q", "-k", "flatten", "--rootdir", str(tmp_path), str(suite)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert words in done.stdout
