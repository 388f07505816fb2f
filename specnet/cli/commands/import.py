"""`specnet import`."""  # noqa: N999  (the file of a command has its name)

from __future__ import annotations

import argparse
from pathlib import Path

from specnet.cli.output import write_text
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say
from specnet.text import plural, printable

HELP = "write a model of another framework as a spec"
EXAMPLE = """examples:
  specnet import alexnet.onnx -o alexnet.yaml
  specnet import resnet50.onnx -o resnet50.yaml --weights resnet50.safetensors
  specnet import mobilenet.keras -o mobilenet.yaml --weights mobilenet.safetensors
  specnet diff alexnet.onnx specs/alexnet.yaml
  specnet import train_val.prototxt --solver solver.prototxt --train-images 1281167 -o alexnet.yaml
  specnet import deploy.prototxt --caffemodel alexnet.caffemodel -o alexnet.yaml --weights alexnet.safetensors
  specnet import layers.cfg --params layer-params.cfg --image-size 224 -o alexnet.yaml

exit codes: 0 ok; 1 something in the model has no meaning in a spec; 2 usage, input or output
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    keras, caffe = "Keras (.keras, .h5, .json)", "Caffe (.prototxt, .caffemodel)"
    files = f"in ONNX, of PyTorch (.pt2), {keras}, {caffe} or cuda-convnet (.cfg)"
    about = f"a model {files}; nothing of it is executed"
    parser.add_argument("model", metavar="FILE", help=about)
    parser.add_argument("-o", "--output", default="-", metavar="SPEC", help="default: standard output")
    about = "write the model's weights there, a file of safetensors, under the spec's names"
    parser.add_argument("--weights", metavar="W", help=about)
    parser.add_argument("--solver", metavar="SOLVER", help="Caffe's solver, which has the recipe")
    about = "the file of a Caffe net's weights; the net's own if left out"
    parser.add_argument("--caffemodel", metavar="MODEL", help=about)
    parser.add_argument("--params", metavar="PARAMS", help="cuda-convnet's file of the layers' parameters")
    about = "pixels of the images where the model leaves them to its data: 224, 224x224 or 1x28x28"
    parser.add_argument("--image-size", metavar="SIZE", help=about)
    about = "images in the training set, for making epochs of the solver's steps"
    parser.add_argument("--train-images", type=int, metavar="N", help=about)


def run(options: argparse.Namespace) -> int:
    from specnet.convert.models.importing import read_model

    output = Path(options.weights) if options.weights else None
    if output is not None:
        from specnet.convert.weights.exporting import check_safetensors

        check_safetensors(output)
    made = read_model(
        options.model,
        solver=options.solver,
        caffemodel=options.caffemodel,
        params=options.params,
        image_size=options.image_size,
        train_images=options.train_images,
    )
    network = made.network  # which is checked before anything is written
    if output is not None:
        from specnet.convert.weights.exporting import write_safetensors

        state = made.weights()
        if not state:
            raise UsageError(f"{printable(options.model)} has no weights", "leave out --weights")
        write_safetensors(state, output, network.spec.groups)
    write_text(options.output, made.text)
    if options.output != "-":
        counted = sum(w.size for share in network.shares.values() for w in share.trained().values())
        what = f"{plural(len(network.spec.layers), 'layer')}, {counted:,} parameters"
        say(f"wrote {printable(options.output)}: {what}")
    return 0
