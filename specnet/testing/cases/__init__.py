"""The networks that the contract is checked on: one for each thing a kind can do, and a few full ones."""

from specnet.testing.cases.around import ALONE, BATCH_NORM, BETWEEN, TIES, alone, between, tied
from specnet.testing.cases.layers import FUNCTIONS, IMAGE, MORE_FUNCTIONS, VARIANTS, WINDOWS, Variant
from specnet.testing.cases.net import Fields, Net, net
from specnet.testing.cases.networks import (
    AUXILIARY,
    CROSS,
    CROSSING,
    DOTTED,
    FULL,
    LOSSES,
    MEETING,
    MERGED,
    SHARED,
    SHORT,
    SPLIT,
    TOWERS,
    TWICE,
)

__all__ = [
    "ALONE",
    "AUXILIARY",
    "BATCH_NORM",
    "BETWEEN",
    "CROSS",
    "CROSSING",
    "DOTTED",
    "FULL",
    "FUNCTIONS",
    "IMAGE",
    "LOSSES",
    "MEETING",
    "MERGED",
    "MORE_FUNCTIONS",
    "SHARED",
    "SHORT",
    "SPLIT",
    "TIES",
    "TOWERS",
    "TWICE",
    "VARIANTS",
    "WINDOWS",
    "Fields",
    "Net",
    "Variant",
    "alone",
    "between",
    "net",
    "tied",
]
