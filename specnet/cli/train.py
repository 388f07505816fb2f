"""`specnet train`."""

from __future__ import annotations

import argparse

from specnet.cli.common import add_backend, add_precision, add_spec, load_spec

HELP = "train a spec and keep the run in a directory"
EXAMPLE = """example:
  specnet train specs/alexnet_digits.yaml --backend tensorflow --run-dir runs/digits
  specnet train specs/alexnet_digits.yaml --run-dir runs/digits --epochs 40 --resume
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_spec(parser)
    add_backend(parser)
    parser.add_argument("--data", metavar="KIND[:PATH]", help="the dataset (default: the spec's own)")
    parser.add_argument("--run-dir", metavar="DIR", help="where the run is kept (default: runs/NAME)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs", type=count, metavar="N", help="train N epochs in all (default: the spec's)"
    )
    length.add_argument("--steps", type=count, metavar="N", help="train N steps in all")
    parser.add_argument("--seed", type=int, metavar="S", help="of everything random (default: 0)")
    add_precision(parser)
    parser.add_argument(
        "--checkpoint-every", type=count, metavar="N", help="save every N steps, not only at the end"
    )
    parser.add_argument(
        "--micro-batch",
        type=count,
        metavar="N",
        help="hold N images of a batch on the devices at a time; the numbers stay the same",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the run's newest checkpoint")


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def run(options: argparse.Namespace) -> int:
    from specnet.training.session import train

    result = train(
        load_spec(options.spec, options.overrides),
        backend=options.backend,
        data=options.data,
        devices=options.devices,
        run_dir=options.run_dir,
        epochs=options.epochs,
        steps=options.steps,
        seed=options.seed,
        precision=options.precision,
        checkpoint_every=options.checkpoint_every,
        micro_batch=options.micro_batch,
        resume=options.resume,
    )
    print(f"{result.run_dir}: step {result.step}, {result.evaluation}")
    return 0
