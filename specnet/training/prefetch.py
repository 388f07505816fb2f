"""Preparing the next items in a thread while the present one is being worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Prefetch(Generic[Item]):
    """Iterates over `items`, up to `depth` of them ahead. An exception in the thread is raised here.

    Use it as a context manager: leaving it stops the thread.
    """

    def __init__(
        self, items: Iterable[Item], enough: Callable[[], bool] = lambda: False, depth: int = 2
    ) -> None:
        """Iteration ends early once `enough` says so, also while the next item is still being waited for."""
        self._enough = enough
        self._queue: queue.Queue[Item | BaseException | None] = queue.Queue(depth)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._fill, args=(iter(items),), daemon=True)

    def __enter__(self) -> Prefetch[Item]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        # Data that hangs, on a network for example, must not keep a stopped run from being saved.
        self._thread.join(timeout=2)

    def __iter__(self) -> Iterator[Item]:
        while not self._enough():
            try:
                item = self._queue.get(timeout=0.1)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def _fill(self, items: Iterator[Item]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _put(self, item: Item | BaseException | None) -> bool:
        """Queue an item; False if nobody wants it any more."""
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
