"""Options that several commands have, and the types of their values."""

from __future__ import annotations

import argparse

from specnet.text import printable

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
    parser.add_argument("--backend", default="torch", metavar="NAME", help="torch (default), tensorflow, ...")
    parser.add_argument(
        "--devices",
        metavar="PLACES",
        help="gpu0=cuda:0,gpu1=cuda:1, or cuda:0,cuda:1 in group order, or one device for all groups "
        "(default: a GPU for each group, else one for all, else the CPU)",
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        choices=("float32", "tf32", "float64", "bfloat16"),
        help="what layers compute in (default: float32); with tf32 GPUs take products of float32 faster and "
        "with 10 bits, with bfloat16 the parameters stay float32",
    )


def whole_number(text: str) -> int:
    """A whole number, for argparse."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{printable(text)}' is not a whole number") from None


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    number = whole_number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    if number > LARGEST_COUNT:
        raise argparse.ArgumentTypeError(f"{text[:40]} is more than {LARGEST_COUNT:,}")
    return number


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
