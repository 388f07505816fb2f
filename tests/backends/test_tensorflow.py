"""The TensorFlow backend keeps the contract with its groups on two devices, and each thing is on its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
import tensorflow as tf

from specnet.backend import protocol
from specnet.plans.operations import Feed, Transfer
from specnet.testing import cases
from specnet.testing.cases import Net
from specnet.testing.contract import BackendContract
from specnet.testing.random_specs import random_batch

PLACEMENT = {"a": "cpu", "b": "cpu:1"}
INDEX = {"a": 0, "b": 1}
"""TensorFlow's number of each group's device."""


class TestTensorFlow(BackendContract):
    backend = "tensorflow"
    devices = ("cpu", "cpu:1")


def compiled(net: Net) -> Any:
    return protocol.find("tensorflow").compile(net.plan, PLACEMENT, "float64")


def test_there_are_two_devices() -> None:
    assert protocol.find("tensorflow").devices() == ["cpu", "cpu:1"]
    assert not tf.config.get_soft_device_placement()


@pytest.mark.parametrize("net", [cases.SPLIT, cases.TOWERS], ids=str)
def test_every_variable_lives_with_its_group(net: Net) -> None:
    executable = compiled(net)
    velocities = executable._slots["velocity"]
    for parameter in net.plan.parameters:
        step, _, role = parameter.name.rpartition(".")
        found = [executable.layers[step].roles[role].value]
        if parameter.trainable:
            found.append(velocities[parameter.name])
        assert [index(v.device) for v in found] == [INDEX[parameter.group]] * len(found), parameter.name


@pytest.mark.parametrize("net", [cases.SPLIT, cases.TOWERS, cases.AUXILIARY], ids=str)
def test_only_transfers_and_their_gradients_cross_devices(net: Net) -> None:
    """A training step's graph: every edge between devices is a declared transfer or the way back of one."""
    graph = compiled(net).traced_step.by_classes.get_concrete_function().graph
    expected = Counter(edge(transfer) for transfer in net.plan.transfers)
    # In these networks every transferred value depends on a parameter, so that each has a gradient.
    expected += Counter((there, here, shape) for here, there, shape in expected.elements())
    assert crossings(graph) == expected


@pytest.mark.parametrize("net", [cases.SPLIT, cases.TOWERS, cases.CROSSING, cases.AUXILIARY], ids=str)
def test_only_transfers_cross_devices_in_the_native_model(net: Net) -> None:
    """Used by hand, a Keras model finds its devices by itself."""
    channels, *window = net.plan.inputs["image"]
    images = tf.TensorSpec((None, *window, channels), "float64")
    graph = tf.function(compiled(net).model).get_concrete_function(images).graph
    assert crossings(graph) == Counter(edge(transfer) for transfer in net.plan.transfers)


Edge = tuple[int, int, tuple[int | None, ...]]
"""From one device to another, a batch of channels-last values."""


def edge(transfer: Transfer) -> Edge:
    channels, *window = transfer.output_shape
    return INDEX[transfer.origin], INDEX[transfer.group], (None, *window, channels)


def crossings(graph: Any) -> Counter[Edge]:
    """The edges of a TensorFlow graph from one device to another. Each must be a plain copy."""
    found: Counter[Edge] = Counter()
    places = device_of_every_tensor(graph)
    for op in graph.get_operations():
        for tensor in op.inputs:
            here, there = places[tensor.name], index(op.device)
            if here is not None and there is not None and here != there:
                assert op.type == "Identity", f"{op.name} on {there} reads {tensor.name} of {here}"
                found[(here, there, tuple(tensor.shape))] += 1
    return found


def device_of_every_tensor(graph: Any) -> dict[str, int | None]:
    """By tensor name. None for the arguments of the step (images, labels, masks, learning rate).

    A variable's handle is where the variable is, and reading it happens there: TensorFlow puts the
    operations on a resource with the resource, whatever device they name or do not.
    """
    places = {inside.name: index(outside.device) for outside, inside in graph.captures}
    for op in graph.get_operations():
        for tensor in op.outputs:
            if op.type == "ReadVariableOp":
                assert index(op.device) in (None, places[op.inputs[0].name]), op.name
                places[tensor.name] = places[op.inputs[0].name]
            elif op.type != "Placeholder":
                assert op.device or op.type == "Identity", f"{op.name} ({op.type}) is on no device"
                places[tensor.name] = index(op.device)
            else:
                places.setdefault(tensor.name, None)
    return places


def index(device: str) -> int | None:
    """The number of a device by TensorFlow's name; None without a name."""
    found: int | None = tf.DeviceSpec.from_string(device).device_index
    return found


@pytest.mark.parametrize("net", [cases.SPLIT, cases.TOWERS], ids=str)
def test_each_group_is_fed_on_its_device(net: Net) -> None:
    """Images and masks with the groups that read them, labels with the logits: no detour by cpu:0."""
    executable, batch = compiled(net), random_batch(net.plan, 1, 4)
    images, labels, masks = executable._feed(batch)
    groups = {op.name: op.group for op in net.plan.operations}
    assert {feed.name for feed in net.plan.operations if isinstance(feed, Feed)} == images.keys()
    for name, tensor in (*images.items(), *masks.items()):
        assert index(tensor.device) == INDEX[groups[name]], name
    assert net.plan.head is not None
    assert index(labels.device) == INDEX[groups[net.plan.head]]
    for name, tensor in executable._fed({"image": batch.images}).items():
        assert index(tensor.device) == INDEX[groups[name]], name


def test_groups_of_one_device_share_their_images() -> None:
    placement = {"a": "cpu:1", "b": "cpu:1"}
    executable: Any = protocol.find("tensorflow").compile(cases.SPLIT.plan, placement, "float64")
    one, other = executable._feed(random_batch(cases.SPLIT.plan, 1, 4))[0].values()
    assert one is other
    assert index(one.device) == 1


PROGRAM = """
import specnet_tensorflow
from specnet.backend.protocol import find
from tensorflow.python.eager import context

found = find("tensorflow")
print(found.devices(), context.context()._context_handle)
"""


def test_asking_for_the_devices_does_not_start_tensorflow() -> None:
    """It takes a GPU's memory when it starts: `doctor` has no use for any."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout == "['cpu'] None\n", done.stderr


class Machine:
    """TensorFlow's configuration of a machine with two GPUs, one of them cut in two if `cut`."""

    def __init__(self, *, started: bool = False, grows: bool | None = None, cut: bool = False) -> None:
        self.gpus = [tf.config.PhysicalDevice(f"/physical_device:GPU:{i}", "GPU") for i in range(2)]
        self.cpu = tf.config.PhysicalDevice("/physical_device:CPU:0", "CPU")
        self.started = started
        self.grows = dict.fromkeys(self.gpus, grows)
        self.cut = (
            {self.gpus[1]: [tf.config.LogicalDeviceConfiguration(memory_limit=1024)] * 2} if cut else {}
        )

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            tf.config, "get_visible_devices", lambda kind: self.gpus if kind == "GPU" else [self.cpu]
        )
        monkeypatch.setattr(tf.config, "get_logical_device_configuration", self.cut.get)
        monkeypatch.setattr(tf.config.experimental, "get_memory_growth", self.grows.get)
        monkeypatch.setattr(tf.config.experimental, "set_memory_growth", self._set)

    def _set(self, gpu: Any, grows: bool) -> None:
        if self.started:
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        self.grows[gpu] = grows


@pytest.mark.parametrize(
    ("machine", "grows"),
    [
        (Machine(), True),
        (Machine(started=True), None),
        (Machine(grows=False), False),
        (Machine(cut=True), None),
    ],
    ids=["as it comes", "started", "configured", "cut"],
)
def test_memory_of_gpus_is_taken_as_needed(
    machine: Machine, grows: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install(monkeypatch)
    found = protocol.find("tensorflow").devices()
    assert list(machine.grows.values()) == [grows] * 2
    assert found == ["cpu", *(f"cuda:{i}" for i in range(3 if machine.cut else 2))]


@pytest.mark.parametrize(("said", "own", "expected"), [("1", None, "1"), ("1", "3", "3"), (None, None, None)])
def test_tensorflow_takes_as_many_threads_as_pytorch(
    said: str | None, own: str | None, expected: str | None
) -> None:
    program = "import os, specnet_tensorflow\nprint(os.environ.get('TF_NUM_INTRAOP_THREADS'))"
    names = {"OMP_NUM_THREADS": said, "TF_NUM_INTRAOP_THREADS": own}
    settings = {n: v for n, v in {**os.environ, **names}.items() if v is not None}
    done = subprocess.run(
        [sys.executable, "-c", program], env=settings, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(expected)
