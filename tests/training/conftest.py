"""A spec that trains in a second."""

from __future__ import annotations

import pytest

from specnet.spec.spec import Spec, load
from specnet.syntax import document
from support.training_runs import SMALL


@pytest.fixture
def small() -> Spec:
    """Two groups, a crossing, batch norm, dropout, all augmentations; 8 steps an epoch."""
    return load(document.parse(SMALL, "small.yaml"))
