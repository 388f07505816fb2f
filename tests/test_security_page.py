"""SECURITY.md gives the limits that the source has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specnet.cli.commands import merge
from specnet.convert.models import archive, draft, importing, wire
from specnet.convert.models.caffe import message, net, text_format
from specnet.convert.models.cuda_convnet import ini
from specnet.convert.models.keras import walk
from specnet.convert.models.pytorch import program
from specnet.convert.weights import keras_bytes
from specnet.data.prepare import manifest
from specnet.data.sources import decoding, devkit, tar_index
from specnet.network import build
from specnet.network.checks import unfit
from specnet.plots import draw
from specnet.runs import checkpoint_names, records, statistics_file, tensorboard
from specnet.spec import block_checks, expansion
from specnet.storage import git, processes, reading, tensors
from specnet.syntax import document
from specnet.text import size

PAGE = (Path(__file__).parent.parent / "SECURITY.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        ("a spec, on standard input or in git too", document.MAX_BYTES),
        ("a spec that is merged", merge.LARGEST),
        ("`state.json` of a checkpoint", records.LARGEST_STATE),
        ("`manifest.json` of a checkpoint", checkpoint_names.MAX_MANIFEST),
        ("a line of `metrics.jsonl`; longer ones are passed over", reading.LONGEST_LINE),
        ("`metrics.jsonl`", reading.LONGEST_FILE),
        ("an event file that is read at resume; larger ones are written anew", tensorboard.LARGEST),
        ("`statistics.safetensors` of a run", statistics_file.LARGEST),
        ("the header of a safetensors file", tensors.LARGEST_HEADER),
        ("`manifest.json` of a prepared dataset", manifest.LARGEST),
        ("labels and statistics of a prepared dataset", manifest.LARGEST_ARRAYS),
        ("an image file", decoding.LARGEST_FILE),
        ("the devkit, when unpacked", devkit.LARGEST),
        ("`meta.mat`, read in a process of its own", processes.MEMORY),
        ("curves and kernels, drawn in a process of its own", draw.MEMORY),
        ("git, asked for a file of a revision", git.MEMORY),
        ("an extended header of a tar archive", tar_index.LARGEST_HEADER),
    ],
)
def test_limits_are_those_of_the_source(row: str, limit: int) -> None:
    assert size(limit).replace(".0 ", " ") in ROWS[row]


def test_what_a_model_may_have_is_that_of_the_source() -> None:
    row = ROWS["fields of a model in ONNX, counted before it is parsed, and layers"]
    assert row == f"{wire.MOST_OBJECTS:,} and {draft.MAX_LAYERS:,}"
    assert ROWS["a model of another framework"] == size(importing.LARGEST_FILE + 1)
    assert ROWS["the graph of a model of torch.export"] == size(program.LARGEST_GRAPH).replace(".0", "")


def test_what_a_model_of_keras_may_have_is_that_of_the_source() -> None:
    row = ROWS["the configuration of a model of Keras, and its archive's list of members"]
    assert row == f"{size(keras_bytes.MAX_CONFIG)} and {size(archive.MAX_LIST)}".replace(".0 ", " ")
    times = ROWS["times that weights in such an archive may be larger than what is stored of them"]
    assert times == str(archive.MOST_PACKED)
    assert ROWS["models of Keras in one another"] == str(walk.MAX_DEPTH)


def test_what_a_net_of_caffe_may_have_is_that_of_the_source() -> None:
    row = ROWS["a text of Caffe's, the fields of a net in text or bytes, and its layers"]
    largest = size(text_format.LARGEST).replace(".0 ", " ")
    assert row == f"{largest}, {message.MOST_FIELDS:,} and {net.MOST_LAYERS:,}"


def test_what_a_layer_file_may_have_is_that_of_the_source() -> None:
    row = ROWS["a layer file of cuda-convnet, its layers and the values of a list"]
    largest = size(ini.LARGEST).replace(".0 ", " ")
    assert row == f"{largest}, {ini.MOST_SECTIONS:,} and {ini.MOST_VALUES:,}"


def test_what_blocks_may_stand_for_is_that_of_the_source() -> None:
    row = ROWS["layers that the uses of blocks in a spec stand for, and their values"]
    assert row == f"{expansion.MAX_LAYERS:,} and {expansion.MAX_VALUES:,}"
    assert ROWS["blocks in one another"] == str(block_checks.MAX_NESTED)


def test_what_a_network_may_ask_for_is_that_of_the_source() -> None:
    assert ROWS["patterns of layers' names in a recipe, times layers"] == f"{unfit.MOST_TRIED:,}"
    assert ROWS["edges, and shares of inputs, over all groups"] == f"{build.MAX_EDGES:,}"


def test_pixels_are_those_of_the_source() -> None:
    assert ROWS["the pixels of an image"] == f"2^{decoding.LARGEST_IMAGE.bit_length() - 1}"
    assert f"{processes.SECONDS} s" in ROWS["`meta.mat`, read in a process of its own"]
    assert f"{draw.SECONDS} s" in ROWS["curves and kernels, drawn in a process of its own"]
