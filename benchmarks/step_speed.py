"""How fast training steps and forward passes are, beside the code that people write by hand.

    python benchmarks/step_speed.py [--net alexnet] [--batch 128] [--what train] [--only NAME ...]

Every contestant is a process of its own that has built its network, warmed up, and waits; rounds are
interleaved, each contestant taking its steps while all others stand still. Prints the median rate, the
ratio to specnet's, and peak memory; `--json FILE` keeps the result. `ceiling` is the rate that the network's
operations would have if every one of them ran as fast as the best plain convolution does here. It takes
memory for all contestants at once; `--only` names some of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
NETS = {
    ("alexnet", "train"): (
        "specnet-torch",
        "specnet-torch-plain",
        "specnet-torch-bfloat16",
        "torch-eager",
        "torch-compile",
        "specnet-tensorflow",
        "keras-towers",
        "keras-groups",
        "ceiling",
    ),
    ("alexnet", "forward"): ("specnet-torch", "specnet-tensorflow", "torch-eager", "onnxruntime", "ceiling"),
    ("resnet18", "train"): ("specnet-torch", "torch-eager", "specnet-tensorflow", "keras", "ceiling"),
    ("vgg16", "forward"): ("specnet-torch", "torch-eager", "specnet-tensorflow", "keras", "ceiling"),
}
"""Who takes part."""


@dataclass
class Contestant:
    """A process that takes steps when it is told to."""

    name: str
    process: subprocess.Popen[str]
    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0

    @classmethod
    def start(cls, name: str, options: argparse.Namespace) -> Contestant:
        arguments = [name, options.net, options.what, str(options.batch), str(options.threads)]
        command = [sys.executable, str(HERE / "contestants.py"), *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        made = cls(name, process)
        made.ask("warm up")
        return made

    def ask(self, order: str) -> str:
        """Send a line, wait for the answer. Raises `RuntimeError` with it if the process gave up."""
        to, from_ = self.process.stdin, self.process.stdout
        assert to is not None
        assert from_ is not None
        to.write(f"{order}\n")
        to.flush()
        return _answer(self.name, from_)

    def run(self, steps: int) -> None:
        self.seconds.append(float(self.ask(f"go {steps}")) / steps)

    def stop(self) -> None:
        self.peak = float(self.ask("peak")) / 2**20
        self.process.communicate("stop\n", timeout=60)


def _answer(name: str, stream: IO[str]) -> str:
    while True:
        line = stream.readline()
        if not line:
            raise RuntimeError(f"{name} has stopped; its error is above")
        if line.startswith("= "):
            return line[2:].strip()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Rates in images per second and peaks in MiB, by contestant."""
    names = options.only or NETS[options.net, options.what]
    contestants = []
    for name in names:
        print(f"starting {name}", file=sys.stderr)
        contestants.append(Contestant.start(name, options))
    for turn in range(options.rounds):
        for contestant in contestants:
            contestant.run(options.steps)
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
    for contestant in contestants:
        contestant.stop()
    return {
        c.name: {
            "images_per_second": options.batch / statistics.median(c.seconds),
            "rounds": [options.batch / s for s in c.seconds],
            "peak_mib": c.peak,
        }
        for c in contestants
    }


def show(found: dict[str, Any]) -> None:
    """A line for each contestant, ratios against both of specnet's own."""
    ours = [name for name in ("specnet-torch", "specnet-tensorflow") if name in found]
    head = [f"{name} is" for name in ours]
    print(f"{'':24} {'images/s':>9} {'peak MiB':>9}  " + "  ".join(f"{h:>21}" for h in head))
    for name, entry in found.items():
        rate = entry["images_per_second"]
        ratios = [f"{found[our]['images_per_second'] / rate:20.2f}x" for our in ours]
        print(f"{name:24} {rate:9.1f} {entry['peak_mib']:9.0f}  " + "  ".join(ratios))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--net", default="alexnet", choices=sorted({net for net, _ in NETS}))
    parser.add_argument("--what", default="train", choices=("train", "forward"))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2, help="steps in each turn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    if (options.net, options.what) not in NETS and not options.only:
        parser.error(
            f"--net {options.net} is timed with: {', '.join(w for n, w in NETS if n == options.net)}"
        )
    found = measure(options)
    show(found)
    if options.json:
        kept = {"net": options.net, "what": options.what, "batch": options.batch, "contestants": found}
        Path(options.json).write_text(json.dumps(kept, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
