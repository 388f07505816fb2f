"""What every backend must do. Subclass it in a test file, name the backend, and inherit every test:

    from specnet.testing.contract import BackendContract

    class TestMyBackend(BackendContract):
        backend = "mine"

Numbers are float64 and held against NumPy oracles by max|a - b| / max|b|. This is the one module that needs
pytest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest

from specnet.backend.batch import Batch
from specnet.backend.protocol import Precision
from specnet.backend.slots import flat
from specnet.diagnostics.errors import UsageError
from specnet.layers.base import Layer, Shape
from specnet.plans import plan as plans
from specnet.testing import by_hand, cases, relative_error, rules
from specnet.testing.cases import ALONE, BETWEEN, Net
from specnet.testing.comparing import (
    DROP,
    assert_alike,
    assert_alike_losses,
    assert_equal,
    assert_frozen,
    assert_same_counts,
    images_for,
    joined,
    oracle,
    restart,
    shortened,
    spoilt,
    train,
)
from specnet.testing.on_backend import OnBackend
from specnet.testing.random_specs import network_of, random_batch, random_state

FORWARD = 1e-13
"""Measured over 10 seeds: at most 1.1e-15 in either backend."""

GRADIENT = 1e-12
"""Measured over 10 seeds: at most 5.1e-14 in either backend."""

STEPS = 1e-12
"""After 8 steps. Measured over 10 seeds: at most 1.4e-13 in either backend, by adam."""

SINGLE_STEPS = 1e-5
"""The same in float32. Measured: at most 1.1e-6 in either backend."""

RULES = [rules.PLAIN, rules.BIASES, rules.FREE_BIASES, rules.CLIPPED, rules.DENSE, rules.ADAGRAD]
RULES += [*rules.OPTIMIZERS, rules.RATES, rules.LONGEST]
STEPPING = [cases.SPLIT, *RULES, *rules.FROZEN]
"""The update rule with everything that it can be told."""

BY_HAND = [
    (rules.PAPER, by_hand.Options(0.1, 0.9, 5e-4, 0.1, 5e-4)),
    (rules.WHOLE_RULE, by_hand.Options(0.1, 0.9, 0.05, 0.2, 0.3, 0.9)),
]
"""The same options twice: in a recipe, and written out."""

Record = Callable[[str, object], None]
"""Pytest's `record_property`: keeps what was measured with the report of the test."""


class Unknown(Layer):
    """A layer kind that no backend knows."""

    kind: Literal["nobody_knows_it"] = "nobody_knows_it"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class BackendContract(OnBackend):
    """Every test that a backend inherits. The subclass's name starts with `Test`."""

    @pytest.mark.parametrize("net", ALONE, ids=str)
    def test_layer_forward(self, net: Net, record_property: Record) -> None:
        """Each kind by itself, in evaluation mode."""
        executable, expected = self.compiled(net.plan), oracle(net.plan)
        for seed in range(1, 1 + self.seeds):
            restart((executable, expected), net.plan, seed)
            inputs = images_for(net.plan, seed)
            error = assert_alike(executable.forward(inputs), expected.forward(inputs), FORWARD)
            record_property("outputs", error)

    @pytest.mark.parametrize("net", [*BETWEEN, *cases.FULL, *cases.LOSSES], ids=str)
    def test_layer_gradients(self, net: Net, record_property: Record) -> None:
        """Each kind between layers with weights, in training mode: the loss, every gradient, every state."""
        executable, expected = self.compiled(net.plan), oracle(net.plan)
        for seed in range(1, 1 + self.seeds):
            restart((executable, expected), net.plan, seed)
            batch = random_batch(net.plan, seed, 5, soft=net.soft)
            (loss, gradients), (loss_, gradients_) = executable.gradients(batch), expected.gradients(batch)
            assert relative_error(loss, loss_) < FORWARD
            record_property("gradients", assert_alike(gradients, gradients_, GRADIENT))
            assert_alike(executable.state(), expected.state(), FORWARD)

    @pytest.mark.parametrize("net", cases.TIES, ids=str)
    @pytest.mark.parametrize("precision", ["float64", "float32"])
    def test_ties_are_decided_alike(self, net: Net, precision: Precision) -> None:
        """The first of equal pixels in reading order takes a window's gradient; a ReLU at 0 passes nothing.

        Images, weights and biases up to the pooling are integers, so that equal is equal in any type.
        """
        executable, expected = self.compiled(net.plan, precision), oracle(net.plan)
        state = {
            name: np.rint(values) if name.startswith("lift") else values
            for name, values in expected.state().items()
        }
        batch = random_batch(net.plan, 1, 5)
        rounded = Batch(np.rint(batch.images), batch.labels)
        for program in (executable, expected):
            program.load_state(state)
        gradients, gradients_ = executable.gradients(rounded)[1], expected.gradients(rounded)[1]
        assert_alike(gradients, gradients_, GRADIENT if precision == "float64" else SINGLE_STEPS)

    @pytest.mark.parametrize("net", [cases.SPLIT, cases.TOWERS, *rules.FROZEN], ids=str)
    def test_gradients_over_two_groups(self, net: Net) -> None:
        batch = random_batch(net.plan, 1, 4)
        gradients = self.compiled(net.plan).gradients(batch)[1]
        assert_alike(gradients, oracle(net.plan).gradients(batch)[1], GRADIENT)

    @pytest.mark.parametrize("net", STEPPING, ids=str)
    def test_steps(self, net: Net, record_property: Record) -> None:
        """The state, the velocities and the losses over steps with a drop of the learning rate."""
        executable, expected = self.compiled(net.plan), oracle(net.plan)
        for seed in range(1, 1 + self.seeds):
            restart((executable, expected), net.plan, seed)
            losses, losses_ = (train(program, net.plan, seed=seed) for program in (executable, expected))
            errors = (
                assert_alike_losses(losses, losses_, STEPS),
                assert_alike(executable.state(), expected.state(), STEPS),
                assert_alike(flat(executable.optimizer_state()), flat(expected.optimizer_state()), STEPS),
            )
            record_property("losses, weights and velocities after 8 steps", max(errors))

    @pytest.mark.parametrize(("net", "options"), BY_HAND, ids=str)
    def test_steps_by_hand(self, net: Net, options: by_hand.Options, record_property: Record) -> None:
        """Four parameters worked out a number at a time."""
        executable = self.compiled(net.plan)
        samples = [(1.5 - 0.5 * i, i % 3 % 2, rate / DROP[0]) for i, rate in enumerate(DROP)]
        for seed in range(1, 1 + self.seeds):
            restart([executable], net.plan, seed)
            start = random_state(net.plan, seed)
            for (x, label, _), rate in zip(samples, DROP, strict=True):
                executable.train_step(Batch(np.array([[x]]), np.array([label])), rate)
            w, b = (start[f"out.a.{role}"].ravel().tolist() for role in ("weight", "bias"))
            trained = executable.state()
            got = [*trained["out.a.weight"].ravel(), *trained["out.a.bias"]]
            error = relative_error(got, by_hand.train(options, w, b, samples))
            record_property("four parameters after 8 steps", error)
            assert error < STEPS

    @pytest.mark.parametrize("net", rules.FROZEN, ids=str)
    def test_frozen_layers_stay_as_they_are(self, net: Net) -> None:
        """Bit by bit, running statistics included; they have neither a gradient nor a slot."""
        assert_frozen(self.compiled(net.plan), net.plan)

    @pytest.mark.parametrize("net", [rules.IMAGEWISE, rules.DENSE, rules.SOFT, rules.FROZEN_BETWEEN], ids=str)
    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_micro_batches_change_nothing_but_rounding(self, net: Net, size: int) -> None:
        """Masks, decay, a cut gradient and a last part that is smaller included."""
        executable, expected = self.compiled(net.plan), oracle(net.plan)
        losses = train(executable, net.plan, size, soft=net.soft)
        assert_alike_losses(losses, train(expected, net.plan, soft=net.soft), STEPS)
        assert_alike(executable.state(), expected.state(), STEPS)
        assert_alike(flat(executable.optimizer_state()), flat(expected.optimizer_state()), STEPS)
        assert_same_counts(executable, expected, net.plan, size)

    @pytest.mark.parametrize("net", [rules.IMAGEWISE, rules.DENSE], ids=str)
    def test_a_micro_batch_as_large_as_the_batch_is_the_batch(self, net: Net) -> None:
        """Bit by bit."""
        one, other = self.compiled(net.plan), self.compiled(net.plan)
        assert train(one, net.plan, 4) == train(other, net.plan)
        assert_equal(one.state(), other.state())

    @pytest.mark.parametrize("net", [cases.BATCH_NORM], ids=str)
    def test_the_network_sees_one_micro_batch_at_a_time(self, net: Net) -> None:
        """Running statistics tell: they follow each part in turn."""
        executable, expected = self.compiled(net.plan), oracle(net.plan)
        batch = random_batch(net.plan, 1, 5)
        executable.train_step(batch, 0.1, micro_batch=2)
        for part in (slice(0, 2), slice(2, 4), slice(4, 5)):
            expected.gradients(Batch(batch.images[part], batch.labels[part]))
        for name in ("tested.a.running_mean", "tested.a.running_var"):
            assert relative_error(executable.state()[name], expected.state()[name]) < FORWARD

    @pytest.mark.parametrize("net", [cases.SPLIT, rules.BIASES, rules.DENSE], ids=str)
    def test_steps_in_single_precision(self, net: Net) -> None:
        executable, expected = self.compiled(net.plan, "float32"), oracle(net.plan)
        assert_alike_losses(train(executable, net.plan), train(expected, net.plan), SINGLE_STEPS)
        assert {values.dtype for values in executable.state().values()} == {np.dtype(np.float32)}
        assert_alike(executable.state(), expected.state(), SINGLE_STEPS)

    @pytest.mark.parametrize("net", [cases.SPLIT], ids=str)
    def test_one_run_is_like_another(self, net: Net) -> None:
        """Bit by bit."""
        one, other = self.compiled(net.plan), self.compiled(net.plan)
        assert train(one, net.plan) == train(other, net.plan)
        assert_equal(one.state(), other.state())

    @pytest.mark.parametrize("net", [cases.SPLIT], ids=str)
    def test_split_network_is_the_merged_one(self, net: Net) -> None:
        """Two groups and one compute the same, masks included, from the start and after some steps."""
        split, merged = self.compiled(net.plan), self.compiled(cases.MERGED.plan, seed=None)
        merged.load_state(joined(split.state()))
        batch, merged_batch = random_batch(net.plan, 1, 4), random_batch(cases.MERGED.plan, 1, 4)
        (loss, gradients), (loss_, gradients_) = split.gradients(batch), merged.gradients(merged_batch)
        assert relative_error(loss, loss_) < FORWARD
        assert_alike(joined(gradients), gradients_, GRADIENT)
        assert_alike_losses(train(split, net.plan), train(merged, cases.MERGED.plan), STEPS)
        assert_alike(joined(split.state()), merged.state(), STEPS)

    @pytest.mark.parametrize("net", [cases.TOWERS], ids=str)
    def test_long_form_is_the_short_form(self, net: Net) -> None:
        """Where only names differ, the numbers are the same to the last bit."""
        long, short = self.compiled(net.plan), self.compiled(cases.SHORT.plan, seed=None)
        short.load_state(shortened(long.state()))
        batch = random_batch(net.plan, 1, 4)
        assert_equal(shortened(long.gradients(batch)[1]), short.gradients(batch)[1])

    @pytest.mark.parametrize("net", [cases.BATCH_NORM], ids=str)
    def test_batch_norm_running_statistics(self, net: Net) -> None:
        """0.9 of the running value and 0.1 of the batch's, whose variance has no Bessel's correction."""
        executable = self.compiled(net.plan)
        before, batch = executable.state(), random_batch(net.plan, 1, 3)
        values = np.tensordot(batch.images, before["lift0.a.weight"][:, :, 0, 0], (1, 1))
        executable.gradients(batch)
        after = executable.state()
        pairs = ("running_mean", values.mean((0, 1, 2))), ("running_var", values.var((0, 1, 2)))
        for role, of_batch in pairs:
            expected = 0.9 * before[f"tested.a.{role}"] + 0.1 * of_batch
            assert relative_error(after[f"tested.a.{role}"], expected) < FORWARD
        trainable = [p.name for p in net.plan.parameters if p.trainable]
        assert_equal({n: after[n] for n in trainable}, {n: before[n] for n in trainable})

    @pytest.mark.parametrize("net", [cases.CROSSING], ids=str)
    def test_only_transfers_cross(self, net: Net) -> None:
        """What is not a number on one group shows on the other behind a transfer, and nowhere else."""
        executable, inputs = self.compiled(net.plan), images_for(net.plan)
        clean, state = executable.forward(inputs), executable.state()
        executable.load_state({**state, "first.b.weight": np.full_like(state["first.b.weight"], np.nan)})
        poisoned = executable.forward(inputs)
        assert_equal({"apart.a": poisoned["apart.a"]}, {"apart.a": clean["apart.a"]})
        assert all(np.isnan(poisoned[name]).all() for name in ("apart.b", "mixed.a", "mixed.b"))

    @pytest.mark.parametrize("net", [cases.SPLIT], ids=str)
    def test_state_round_trip(self, net: Net) -> None:
        """What is loaded comes back bit by bit, and training goes on from it as if nothing had happened."""
        one, other = self.compiled(net.plan), self.compiled(net.plan, seed=2)
        assert_equal(one.state(), random_state(net.plan, 1))
        train(one, net.plan)
        state, kept = one.state(), one.optimizer_state()
        other.load_state(state)
        other.load_optimizer_state(kept)
        assert_equal(other.state(), state)
        assert_equal(flat(other.optimizer_state()), flat(kept))
        assert train(one, net.plan) == train(other, net.plan)
        assert_equal(one.state(), other.state())
        assert any((state[name] != one.state()[name]).any() for name in state), "a state is a copy"

    @pytest.mark.parametrize("net", [cases.SPLIT], ids=str)
    @pytest.mark.parametrize("fault", ["missing", "extra", "turned", "too long"])
    def test_wrong_state_is_refused(self, net: Net, fault: str) -> None:
        """And nothing has changed afterwards."""
        executable = self.compiled(net.plan)
        good = executable.state()
        with pytest.raises(UsageError, match=r"fc4\.a"):
            executable.load_state(spoilt(good, fault))
        assert_equal(executable.state(), good)
        kept = executable.optimizer_state()
        with pytest.raises(UsageError, match=r"fc4\.a"):
            executable.load_optimizer_state({slot: spoilt(arrays, fault) for slot, arrays in kept.items()})
        assert_equal(flat(executable.optimizer_state()), flat(kept))

    @pytest.mark.parametrize("net", [cases.SPLIT], ids=str)
    def test_wrong_images_are_refused(self, net: Net) -> None:
        executable = self.compiled(net.plan)
        with pytest.raises(UsageError, match="image"):
            executable.forward({})
        with pytest.raises(UsageError, match="image"):
            executable.forward({"image": np.zeros((2, 11, 12, 3))})

    def test_unknown_kind_is_named_with_its_layer(self) -> None:
        layers = {
            "image": {"kind": "input", "shape": [3]},
            "stranger": Unknown.model_validate({"from": "image"}),
        }
        plan = plans.make(network_of({"specnet": 1, "name": "net", "layers": layers}))
        with pytest.raises(UsageError, match=r"stranger.*nobody_knows_it"):
            self.compiled(plan, seed=None)
