"""The proof that a diff is never wrong: edits of which it is known what they change, on random networks.

    python tests/diffs_proof.py --networks 500 --seed 0
    python tests/diffs_proof.py --only 'rename*' --report failures.md

Whatever a diff and its mapping of weights say of an edit is held against the truth: there are as many changes
as edits or fewer, and none for what is merely written otherwise; "the same network" is said exactly where all
outputs are equal after random weights were carried, in float64; nothing is said to be trained anew that has a
value of its shape; what does not depend on the edit computes what it did; the diff the other way round is the
mirror; and the diff's JSON applied to the first spec gives the second.

The table has for each kind: pairs, networks that it does not fit, edits made, changes told, pairs that are
other networks and have equal outputs all the same (the edit hardly matters), and pairs of which something is
said that is not true, with what it is.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from pathlib import Path

from editing import KINDS
from editing.networks import networks
from editing.proof import prove


def main() -> int:
    """The command: 0 if all that is said is true, 1 if not or if nothing was edited."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=500, help="number of random networks")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first; the others count up")
    parser.add_argument("--only", default="*", metavar="KIND", help="kinds of that name, * for any text")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the smallest pair of each failure")
    asked = parser.parse_args()
    kinds = [kind for kind in KINDS if fnmatch.fnmatch(kind, asked.only)]
    cases = networks(asked.networks, asked.seed)
    tally = prove(cases, asked.seed, kinds, lambda line: print(line, file=sys.stderr, flush=True))
    print(*tally.lines(), sep="\n")
    if asked.report:
        asked.report.write_text("\n".join(tally.report()), encoding="utf-8")
    return 1 if tally.failures or not any(own.pairs for own in tally.figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
