"""`specnet compile`."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from specnet.cli.inputs import load_network
from specnet.cli.options import add_backend, add_json, add_precision, add_spec
from specnet.cli.output import print_json
from specnet.terminal.output import say

if TYPE_CHECKING:
    from specnet.backend.protocol import Precision

HELP = "compile a spec with a backend and show what lies where"
EXAMPLE = """example:
  specnet compile specs/alexnet.yaml --backend torch --devices cuda:0,cuda:1
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_spec(parser)
    add_backend(parser)
    add_precision(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from specnet.plans import plan as plans
    from specnet.text import columns, describe, size
    from specnet.training.compile import compile_plan

    network = load_network(options.spec, options.overrides)
    precision: Precision = options.precision or "float32"
    began = time.monotonic()
    compiled = compile_plan(plans.make(network), options.backend, options.devices, precision)
    seconds = time.monotonic() - began
    plan, item = compiled.plan, 8 if precision == "float64" else 4
    moved_item = {"float32": 4, "float64": 8, "bfloat16": 2}[precision]
    held = {
        group: sum(p.size for p in plan.parameters if p.group == group and p.trainable)
        for group in plan.groups
    }
    if options.json:
        print_json(
            {
                "schema_version": 1,
                "name": plan.name,
                "backend": options.backend,
                "groups": {g: {"device": compiled.placement[g], "parameters": held[g]} for g in plan.groups},
                "transfers": [
                    {"value": t.source, "from": t.origin, "to": t.group, "values": t.size}
                    for t in plan.transfers
                ],
                "seconds": round(seconds, 3),
            }
        )
        return 0
    say(f"{plan.name} on {options.backend}, {precision}, compiled in {seconds:.2f} s")
    placed = [(g, compiled.placement[g], f"{held[g]:,}", size(held[g] * item)) for g in plan.groups]
    say(columns(("group", "device", "parameters", "memory"), [placed], right={2, 3}))
    if plan.transfers:
        moved = [
            (
                t.source,
                f"{t.origin} -> {t.group}",
                describe(t.output_shape),
                f"{t.size:,}",
                size(t.size * moved_item),
            )
            for t in plan.transfers
        ]
        say(columns(("transfer", "groups", "shape", "values", "for each image"), [moved], right={3, 4}))
    return 0
