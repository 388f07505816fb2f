"""What the contract of a backend is about: the backend, its devices, and what it cannot do yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest

from specnet.backend import protocol as backends
from specnet.backend.protocol import Backend, Executable, Precision
from specnet.plans.placement import place
from specnet.plans.plan import Plan
from specnet.testing.cases import Net
from specnet.testing.random_specs import random_state


class OnBackend:
    """Compiles plans on the backend that a subclass names, and expects its gaps to fail."""

    backend: ClassVar[str | Backend]
    """The name it is registered under, or the backend itself."""

    devices: ClassVar[Sequence[str]] = ("cpu",)
    """Where groups are placed, in turn."""

    seeds: ClassVar[int] = 3
    """From how many random states, each with a batch of its own, layers and the update rule are tried."""

    gaps: ClassVar[Mapping[str, str]] = {}
    """What it cannot do yet: the reason by layer kind, by the name of a network in `cases`, or by the name of
    a test. These tests are expected to fail, and the suite fails when one of them passes."""

    @pytest.fixture(autouse=True)
    def _expect_gaps(self, request: pytest.FixtureRequest) -> None:
        callspec = getattr(request.node, "callspec", None)
        names = {request.function.__name__}
        for net in callspec.params.values() if callspec else ():
            if isinstance(net, Net):
                names |= {*net.kinds, net.name}
        for name in names & set(self.gaps):
            request.applymarker(pytest.mark.xfail(reason=self.gaps[name], strict=True))

    def compiled(self, plan: Plan, precision: Precision = "float64", seed: int | None = 1) -> Executable:
        """The plan on this backend, with the random state of a seed or as it is compiled."""
        backend = backends.find(self.backend) if isinstance(self.backend, str) else self.backend
        devices = {g: self.devices[i % len(self.devices)] for i, g in enumerate(plan.groups)}
        executable = backend.compile(plan, place(plan.groups, devices, backend.devices()), precision)
        if seed is not None:
            executable.load_state(random_state(plan, seed))
        return executable
