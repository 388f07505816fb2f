"""Drawing beside other work: one thread waits for the process that draws."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from specnet.plots.draw import draw, require_matplotlib

if TYPE_CHECKING:
    from specnet.plots.request import Picture


class Background:
    """Draws the pictures of one request at a time; of those that come meanwhile the newest is the next.

    Pictures and their files have names, and belong to a step. No method waits unless it is told to.
    """

    def __init__(self) -> None:
        self._next: _Drawing | None = None
        self._now: _Drawing | None = None
        self.seconds = 0.0
        """What the last request took."""

    @property
    def is_busy(self) -> bool:
        return self._now is not None

    def ask(self, step: int, pictures: Mapping[str, Picture], *, drop: bool = False) -> None:
        """Draw these next; with `drop` at once, and forget what is being drawn.

        Raises `PluginError` without Matplotlib.
        """
        require_matplotlib()
        self._next = _Drawing(step, pictures)
        if drop or self._now is None:
            self._begin()

    def take(self, patience: float = 0.0) -> tuple[int, dict[str, bytes]] | None:
        """The step and the files of a request, once it is done; None if it is not after `patience` seconds.

        Raises what went wrong with it.
        """
        done = self._now
        if done is None or done.is_going_on(patience):
            return None
        self.seconds = done.seconds
        self._now = None
        if self._next is not None:
            self._begin()
        if done.error is not None:
            raise done.error
        return done.step, done.files

    def _begin(self) -> None:
        assert self._next is not None
        self._now, self._next = self._next, None
        self._now.start()


class _Drawing(threading.Thread):
    def __init__(self, step: int, pictures: Mapping[str, Picture]) -> None:
        super().__init__(name="drawing", daemon=True)
        self.step, self.files, self.seconds = step, dict[str, bytes](), 0.0
        self.error: Exception | None = None
        self._pictures = pictures

    def is_going_on(self, patience: float) -> bool:
        self.join(patience)
        return self.is_alive()

    def run(self) -> None:
        began = time.monotonic()
        try:
            files = draw(list(self._pictures.values()))
            self.files = dict(zip(self._pictures, files, strict=True))
        except Exception as error:  # for whoever takes the files
            self.error = error
        self.seconds = time.monotonic() - began
