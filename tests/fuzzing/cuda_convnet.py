"""Layer files of cuda-convnet, with their parameters behind them in the same bytes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from fuzzing.kind import Kind, check_words
from fuzzing.mutation import bytes_changed
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import SpecError, UsageError

LAYERS = """[data]
type=data
dataIdx=0
[labels]
type=data
dataIdx=1
[conv1]
type=conv
inputs=data
channels=3
filters=16
padding=2
stride=2
filterSize=5
initW=0.01
neuron=relu
gpu=0
[pool1]
type=pool
pool=max
inputs=conv1
start=0
sizeX=3
stride=2
outputsX=0
channels=16
[rnorm1]
type=cmrnorm
inputs=pool1
channels=16
size=5
[conv2]
type=conv
inputs=rnorm1,pool1
channels=16,16
filters=16,16
padding=1,1
stride=1,1
filterSize=3,3
initW=0.03,0.03
neuron=tanh[1.7,0.5]
gpu=1
[local3]
type=local
inputs=conv2
channels=16
filters=16
padding=1
filterSize=3
initW=0.04
[fc]
type=fc
inputs=local3
outputs=10
initB=1
[drop]
type=dropout2
inputs=fc
[probs]
type=softmax
inputs=drop
[logprob]
type=cost.logreg
inputs=labels,probs
"""
PARAMS = "\n".join(
    f"[{name}]\nepsW=dexp[base=0.01;tgtFactor=250;numSteps=4]\nepsB=0.02\nmomW=0.9\nmomB=0.9\nwc=0.0005"
    for name in ("conv1", "conv2", "local3", "fc")
)
REST = "\n[rnorm1]\nscale=0.0001\npow=0.75\nminDiv=2\n[drop]\nkeep=0.5\n[logprob]\ncoeff=1\ntopk=5\n"
BETWEEN = b"\n#----\n"
WORDS = (
    *(
        "0",
        "-1",
        "1",
        "2",
        "3",
        "7",
        "1000000000",
        "999999999999",
        "99999999999999999999",
        "1e999",
        "0.5",
        "nan",
    ),
    *(
        "conv",
        "pool",
        "fc",
        "local",
        "data",
        "labels",
        "relu",
        "type",
        "inputs",
        "gpu",
        "groups",
        "[",
        "]",
        "=",
        ",",
    ),
    *("randSparse=1", "weightSource=x", "neuron", "%", "\t", "0,1"),
)


def _files(_: Path) -> list[bytes]:
    return [LAYERS.encode() + BETWEEN + (PARAMS + REST).encode(), LAYERS.encode()]


def _changed(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Words, lines and bytes in other places."""
    if draw.random() < 0.2:
        return bytes_changed(draw, data, others)
    text = data.decode()
    for _ in range(draw.choice((1, 1, 2, 4))):
        lines = text.split("\n")
        at = draw.randrange(len(lines))
        if draw.random() < 0.3:
            lines[at : at + 1] = draw.choice(([], [lines[at]] * 2, [draw.choice(lines)], [lines[at]] * 300))
        else:
            words = list(re.finditer(r"[A-Za-z0-9_.\-]+|\S", lines[at]))
            if words:
                word = draw.choice(words)
                new = draw.choice((*WORDS, "", word.group() * 2))
                lines[at] = lines[at][: word.start()] + new + lines[at][word.end() :]
        text = "\n".join(lines)
    return text.encode()


def _read(data: bytes, _: Path) -> str:
    layers, _between, params = data.partition(BETWEEN)
    given = {"params": (params, "params.cfg")} if params else {}
    try:
        network = import_bytes(layers, "layers.cfg", image_size=(None, 24, 24), **given).network
    except (SpecError, UsageError) as error:
        check_words(error)
        return "refused"
    assert network.spec.layers
    return "taken"


KINDS = {"layers": Kind(_files, _changed, _read)}
