"""`specnet export`."""

from __future__ import annotations

import argparse

from specnet.cli.options import SPEC
from specnet.terminal.output import say
from specnet.text import printable

HELP = "write a spec or a run as a model of another program"
EXAMPLE = """examples:
  specnet export runs/alexnet_digits -o alexnet.onnx
  specnet export specs/resnet18.yaml --to onnx -o resnet18.onnx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    about = f"a run or a checkpoint in one, with its trained weights, or {SPEC}, with initial ones"
    parser.add_argument("source", metavar="SPEC|RUN", help=about)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--to", choices=["onnx"], help="the format; the file's suffix says it otherwise")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the initial values, default 0")


def run(options: argparse.Namespace) -> int:
    from specnet.cli.inputs import open_document
    from specnet.convert.export.exporting import export_model, is_of_run

    source, text = options.source, None
    if not is_of_run(source):
        from specnet.spec.spec import load

        document = open_document(source)
        source, text = load(document), document.root.source.text
    network = export_model(source, options.output, to=options.to, seed=options.seed, text=text)
    counted = sum(w.size for share in network.shares.values() for w in share.trained().values())
    say(f"wrote {printable(options.output)}: {network.spec.name}, {counted:,} parameters")
    return 0
