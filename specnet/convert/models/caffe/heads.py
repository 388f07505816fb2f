"""Losses and what is measured."""

from __future__ import annotations

from specnet.convert.models.caffe.message import short
from specnet.convert.models.caffe.values import row
from specnet.convert.models.caffe.walk import Head, Node, Shown, layer_type
from specnet.convert.models.draft import Part
from specnet.text import describe

LOSSES = {"SoftmaxWithLoss": "softmax_cross_entropy", "SigmoidCrossEntropyLoss": "sigmoid_cross_entropy"}


def _answer(node: Node, axis: int) -> Part:
    """The layer that a head reads: a row of answers for each image."""
    if len(node.keys) < 2:
        raise node.refuse("it reads the answers and the labels, two blobs")
    part = node.walk.values[node.keys[0]]
    if not isinstance(part, Part):
        raise node.refuse("it reads labels where the answers should be")
    part = row(part)
    if axis % (1 + len(part.shape)) != 1:
        raise node.refuse("only answers along the channels are known here")
    if any(size != 1 for size in part.shape[1:]):
        raise node.refuse(
            f"it has an answer for each pixel of {describe(part.shape)}; one for each image is known here"
        )
    return part


@layer_type(*LOSSES)
def loss(node: Node) -> list[Shown]:
    layer = node.layer
    options = layer.param("loss_param")
    if options.has("ignore_label"):
        raise options.refuse("labels that do not count have no meaning in a spec", "ignore_label")
    if options.one("normalization") == "NONE":
        raise options.refuse("a sum over the images has no meaning in a spec; a mean has", "normalization")
    if len(node.keys) > 2:
        raise node.refuse("it weighs images by a third blob, which has no meaning in a spec")
    is_sigmoid = node.type == "SigmoidCrossEntropyLoss"
    if is_sigmoid and options.one("normalization", "BATCH_SIZE") != "BATCH_SIZE":
        raise options.refuse("a mean over classes, too, has no meaning in a spec", "normalization")
    part = _answer(node, layer.param("softmax_param").one("axis", 1) if not is_sigmoid else 1)
    if len(part.shape) == 3:
        part = node.add("flatten", [part])
    weight = short((layer.message.many("loss_weight") or [1.0])[0])
    if weight < 0:
        raise layer.message.refuse("a loss counts for more than 0", "loss_weight")
    if weight:
        node.walk.heads.append(Head(LOSSES[node.type], part, weight, layer))
    # With a second top it gives the probabilities, which nothing but an evaluation reads.
    return []


@layer_type("Accuracy")
def accuracy(node: Node) -> list[Shown]:
    options = node.layer.param("accuracy_param")
    if options.has("ignore_label"):
        node.draft.lost.append(f"'{node.layer.name}' passes over a label; here all images count.")
    part = _answer(node, options.one("axis", 1))
    node.walk.measured.append(Head(str(options.one("top_k", 1)), part, 0.0, node.layer))
    return []
