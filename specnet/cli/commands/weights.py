"""`specnet weights`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from specnet.cli.inputs import load_network
from specnet.cli.options import add_json, add_spec
from specnet.cli.output import print_json
from specnet.terminal.output import say

HELP = "carry weights between a run and plain files: safetensors, PyTorch, Keras"
EXAMPLE = """example:
  specnet weights export runs/digits -o digits.safetensors
  specnet weights export runs/digits -o digits.weights.h5
  specnet weights list theirs.safetensors
  specnet weights import specs/alexnet.yaml theirs.safetensors --map map.yaml --run-dir runs/theirs
  specnet weights carry runs/digits wider.yaml --run-dir runs/wider

docs/weights.md describes the files, the names and the mapping.
"""
FILE = "a .safetensors or .weights.h5 file, or the folder of a run or a checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_export(_action(actions, "export", "write the weights of a run to a file", _export, EXPORT))
    _add_import(_action(actions, "import", "make a run that starts from a file's weights", _import, IMPORT))
    _add_carry(_action(actions, "carry", "put a run's weights into another network", _carry, CARRY))
    listing = _action(actions, "list", "show the tensors of a file by the names that a mapping uses", _list)
    listing.add_argument("file", metavar="FILE", help=FILE)
    add_json(listing)


EXPORT = """examples:
  specnet weights export runs/digits -o digits.safetensors
  specnet weights export runs/digits/checkpoints/step-00000900 -o digits.safetensors --format torch
  specnet weights export runs/digits -o digits.weights.h5
  specnet weights export runs/alexnet -o theirs.safetensors --map map.yaml
"""
IMPORT = """examples:
  specnet weights import specs/alexnet.yaml alexnet.safetensors --run-dir runs/alexnet
  specnet weights import specs/alexnet.yaml theirs.safetensors --map map.yaml --run-dir runs/theirs
  specnet weights import specs/digits_slow.yaml runs/digits --run-dir runs/digits_slow
  specnet weights import mine.yaml theirs.safetensors --partial --run-dir runs/mine
  specnet train specs/alexnet.yaml --run-dir runs/theirs --resume --data image_folder:photos

a mapping file, where names differ:
  weights: 1
  tensors:
    features.0: conv1        # a module: weight and bias, both groups' shares stacked
    fc_top: {to: fc6.gpu0, flatten: separate}
  prefix: backbone.          # what names begin with
  constants: {bn1.bias: 0}   # what the file does not have
  ignore: [head]
"""
CARRY = """examples:
  specnet weights carry runs/digits wider.yaml
  specnet weights carry runs/digits wider.yaml -o wider.safetensors --only-carried
  specnet weights carry runs/digits/checkpoints/step-00000900 wider.yaml --run-dir runs/wider
  specnet train wider.yaml --run-dir runs/wider --resume
"""


def _action(
    actions: Any,  # what argparse's add_subparsers returns has no public type
    name: str,
    summary: str,
    run: object,
    examples: str | None = None,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(action=run, parser=parser)
    return parser


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", metavar="RUN", help="a run directory, or one checkpoint's folder in it")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--format",
        choices=("safetensors", "torch", "keras"),
        help="safetensors under canonical names; torch: a state_dict as safetensors; keras: FILE.weights.h5 "
        "for the native Keras model (default: by the suffix)",
    )
    parser.add_argument("--map", metavar="MAP", help="a mapping file: write a hand-written model's names")


def _add_import(parser: argparse.ArgumentParser) -> None:
    add_spec(parser)
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument("--run-dir", required=True, metavar="DIR", help="the run to make")
    parser.add_argument("--map", metavar="MAP", help="a mapping file, for names that differ")
    parser.add_argument(
        "--partial",
        action="store_true",
        help="take what fits, initialize the rest, and say what becomes of every parameter",
    )
    _add_start(parser, "the file")


def _add_carry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="RUN", help="a run directory, or one checkpoint's folder in it")
    add_spec(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-o", "--output", metavar="FILE", help="the safetensors file to write")
    where.add_argument("--run-dir", metavar="DIR", help="the run to make (default: write nothing, and tell)")
    parser.add_argument(
        "--only-carried",
        action="store_true",
        help="leave out of the file what the run has no values for (default: initial values by the seed)",
    )
    _add_start(parser, "the run")
    add_json(parser)


def _add_start(parser: argparse.ArgumentParser, source: str) -> None:
    """What a run that starts from weights is started with."""
    parser.add_argument("--data", metavar="KIND[:PATH]", help="the run's dataset (default: the spec's own)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the run's seed (default: 0)")
    parser.add_argument(
        "--precision",
        choices=("float32", "tf32", "float64", "bfloat16"),
        help=f"of the run (default: float32, or float64 if anything in {source} is)",
    )


def run(options: argparse.Namespace) -> int:
    code: int = options.action(options)
    return code


def _export(options: argparse.Namespace) -> int:
    from specnet.convert.weights.exporting import export_weights

    saved = export_weights(options.run_dir, options.output, form=options.format, mapping=options.map)
    say(f"{options.output}: {len(saved.weights)} parameters of step {saved.step} of {options.run_dir}")
    return 0


def _import(options: argparse.Namespace) -> int:
    from specnet.convert.weights.importing import import_weights
    from specnet.text import few

    _check_order(options.spec, options.file)
    made = import_weights(
        load_network(options.spec, options.overrides),
        options.file,
        options.run_dir,
        mapping=options.map,
        precision=options.precision,
        seed=options.seed,
        data=options.data,
        partial=options.partial,
    )
    say(
        f"{made.run_dir}: step 0, {made.parameters} parameters ({made.values:,} values, {made.precision}) "
        f"from {made.tensors} tensors of {options.file}"
    )
    for line in made.account.lines() if made.account else []:
        say(f"  {line}")
    if made.implied:
        told = few([f"{name} = {value:g}" for name, value in made.implied.items()])
        say(f"  its batch norms lack a weight or bias, which is the same as {told}")
    if made.reordered:
        names = few(made.reordered)
        say(f"  joined whole in the file, group by group in the spec; put in the spec's order: {names}")
    return 0


def _carry(options: argparse.Namespace) -> int:
    from specnet.convert.weights.carry import carry_weights

    made = carry_weights(
        options.source,
        load_network(options.spec, options.overrides),
        options.output,
        run_dir=options.run_dir,
        only_carried=options.only_carried,
        precision=options.precision,
        seed=options.seed,
        data=options.data,
    )
    if options.json:
        print_json({"output": options.output, "run_dir": options.run_dir, **made.as_json()})
        return 0
    written = f"{options.run_dir}: step 0" if options.run_dir else options.output
    say(written or "nothing is written (-o FILE or --run-dir DIR names what to write)")
    for line in made.lines():
        say(f"  {line}")
    return 0


def _check_order(spec: str, file: str) -> None:
    """Raise `UsageError` if a file of tensors stands where the spec should, and the spec behind it."""
    from specnet.diagnostics.errors import UsageError
    from specnet.text import printable

    if Path(file).suffix in (".yaml", ".yml") and _is_binary(spec) and not _is_binary(file):
        first, second = printable(spec), printable(file)
        message = f"{first} is not a spec, and {second} is not a file of tensors: the spec comes first"
        raise UsageError(message, f"specnet weights import {second} {first} ...")


def _is_binary(path: str) -> bool:
    from specnet.convert.weights.formats import START
    from specnet.storage.reading import read_start

    try:
        return b"\0" in read_start(Path(path), START)
    except (OSError, ValueError):  # REVISION:PATH and - are not files, and not errors here
        return False


def _list(options: argparse.Namespace) -> int:
    from specnet.convert.weights.files import open_tensors
    from specnet.text import columns, describe

    with open_tensors(Path(options.file)) as file:
        tensors, layout = dict(file.tensors), file.layout
    if options.json:
        listed = [{"name": n, "shape": list(h.shape), "dtype": h.dtype} for n, h in tensors.items()]
        print_json({"schema_version": 1, "layout": layout, "tensors": listed})
    else:
        rows = [(name, describe(header.shape), header.dtype) for name, header in tensors.items()]
        say(columns(("tensor", "shape", "type"), [rows]))
    return 0
