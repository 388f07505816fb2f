"""How fast specs are read, checked and tabulated, and that the time grows with the number of layers only.

    python benchmarks/check_speed.py

Exits with 1 if 10,000 layers take over 2 s, 100,000 layers over 12 times that, or a command over its budget.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from specnet import document, layer_table, network

ALEXNET = Path(__file__).parent.parent / "specs" / "alexnet.yaml"
SECONDS = 2.0
GROWTH = 12.0
START = 0.4
KINDS = ("conv, filters: 16, kernel: 3, padding: 1", "batch_norm", "activation, function: relu")


def chain(layers: int) -> str:
    """A spec of convolutions, normalizations and activations one after another."""
    lines = ["specnet: 1", "name: chain", "layers:", "  l0: {kind: input, shape: [3, 32, 32]}"]
    lines += [f"  l{i}: {{from: l{i - 1}, kind: {KINDS[i % len(KINDS)]}}}" for i in range(1, layers)]
    return "\n".join(lines)


def seconds(layers: int, rounds: int) -> float:
    """The fastest of some rounds: parse, validate and the table as text."""
    text, taken = chain(layers), []
    for _ in range(rounds):
        began = time.perf_counter()
        made, findings = network.examine(document.parse(text))
        assert made is not None, findings
        assert str(layer_table.make(made)).count("\n") > layers
        taken.append(time.perf_counter() - began)
    return min(taken)


def started(*arguments: str) -> float:
    """The median time of a Python process."""
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> int:
    small, large = seconds(10_000, 5), seconds(100_000, 2)
    seconds(50_000, 1)  # no recursion
    start = started("-m", "specnet", "validate", str(ALEXNET)) - started("-c", "pass")
    print(f"10,000 layers: {small:.2f} s (at most {SECONDS} s)")
    print(f"100,000 layers: {large:.2f} s, {large / small:.1f} times that (at most {GROWTH:.0f})")
    print(f"specnet validate alexnet.yaml: {start:.2f} s beyond Python's start (at most {START} s)")
    return 0 if small <= SECONDS and large <= GROWTH * small and start <= START else 1


if __name__ == "__main__":
    sys.exit(main())
