"""Options that several commands have, and the types of their values."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING

from specnet.text import printable

if TYPE_CHECKING:
    from specnet.training.options import TrainOptions

SPEC = "path of a spec or of a run's folder, REVISION:PATH as git takes it, or - for standard input"


LARGEST_COUNT = 10**12


def add_spec(parser: argparse.ArgumentParser) -> None:
    """The spec's path and `--set`."""
    parser.add_argument("spec", help=SPEC)
    add_overrides(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """`--set`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="overrides",
        help="change the spec by name, for example layers.conv1.filters=64; may be repeated",
    )


def add_backend(parser: argparse.ArgumentParser) -> None:
    """`--backend` and `--devices`."""
    add_option(parser, "backend")
    add_option(parser, "devices")


def add_precision(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "precision")


def add_option(parser: argparse._ActionsContainer, name: str) -> None:
    """The flag of a training's option, as `TrainOptions` declares it."""
    from specnet.training.options import TrainOptions  # of no use to most commands

    (declared,) = (option for option in fields(TrainOptions) if option.name == name)
    flag, about = f"--{name.replace('_', '-')}", dict(declared.metadata)
    if declared.default is False:
        parser.add_argument(flag, action="store_true", **about)
        return
    if "least" in about:
        about["type"] = int if about.pop("least") is None else count
    parser.add_argument(flag, default=declared.default, **about)


def train_options(options: argparse.Namespace) -> TrainOptions:
    """What was asked for."""
    from specnet.training.options import TrainOptions

    return TrainOptions(**{option.name: getattr(options, option.name) for option in fields(TrainOptions)})


def integer(text: str) -> int:
    """An integer, for argparse."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{printable(text)}' is not a whole number") from None


def count(text: str) -> int:
    """An integer of at least 1, for argparse."""
    number = integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    if number > LARGEST_COUNT:
        raise argparse.ArgumentTypeError(f"{text[:40]} is more than {LARGEST_COUNT:,}")
    return number


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
