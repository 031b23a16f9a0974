"""Live state: what a running call needs to go on, wherever it goes on. A port, and its form in memory.

Live state is small, written often, and worthless hours after the call. It stands in memory for one process, in a file
for several of one machine (`live_sqlite`), and behind `live_steady`, so that no call waits for a store that is away.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

Change = Callable[[str | None], str | None]
"""A value to the one that takes its place; None stands for no value. May be called more than once."""


class LiveStoreError(Exception):
    """The store is away, full or broken. Nobody above `live_steady` sees it."""


class LiveStore(Protocol):
    """Texts by kind and key, each with a time after which it is gone. Safe to use from any thread.

    Every method is atomic among all who share the store. Blocking: not for the event loop. An implementation may raise
    LiveStoreError, except the ones that say that they never do.
    """

    def get(self, kind: str, key: str) -> str | None:
        """The value; None where there is none, or its time is over."""
        ...

    def put(self, kind: str, key: str, value: str, keep_s: float) -> None:
        """Set the value for so many seconds."""
        ...

    def add(self, kind: str, key: str, value: str, keep_s: float, most: int | None = None) -> bool:
        """Set the value where there is none; whether it was set. Not where the kind has `most` values already."""
        ...

    def change(self, kind: str, key: str, change: Change, keep_s: float) -> str | None:
        """Replace the value by what `change` makes of it; returns what it is now."""
        ...

    def remove(self, kind: str, key: str) -> None:
        """Forget the value."""
        ...

    def count(self, kind: str, value: str | None = None) -> int:
        """How many values a kind has; or how many of them are this `value`."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


_LOOKS_EVERY = 1000
"""Values set between two looks for those past their time: a look takes 0.1 ms a thousand values."""


class MemoryStore:
    """Live state in this process's memory. Never raises LiveStoreError."""

    def __init__(self, *, most: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        """`most`: values of one kind, the oldest go first."""
        self._most = most
        self._clock = clock
        self._lock = threading.RLock()
        self._kinds: dict[str, OrderedDict[str, tuple[str, float]]] = {}
        """Values and when they end, by key; what was set last stands last."""
        self._puts = 0
        """Since it was last looked for what is past its time."""

    def get(self, kind: str, key: str) -> str | None:
        with self._lock:
            found = self._values(kind).get(key)
            return found[0] if found is not None and found[1] > self._clock() else None

    def put(self, kind: str, key: str, value: str, keep_s: float) -> None:
        with self._lock:
            values = self._values(kind)
            values[key] = (value, self._clock() + keep_s)
            values.move_to_end(key)
            self._make_room(values)

    def add(self, kind: str, key: str, value: str, keep_s: float, most: int | None = None) -> bool:
        with self._lock:
            if self.get(kind, key) is not None or (most is not None and self.count(kind) >= most):
                return False
            self.put(kind, key, value, keep_s)
            return True

    def change(self, kind: str, key: str, change: Change, keep_s: float) -> str | None:
        with self._lock:
            value = change(self.get(kind, key))
            if value is None:
                self.remove(kind, key)
            else:
                self.put(kind, key, value, keep_s)
            return value

    def remove(self, kind: str, key: str) -> None:
        with self._lock:
            self._values(kind).pop(key, None)

    def count(self, kind: str, value: str | None = None) -> int:
        now = self._clock()
        with self._lock:
            return sum(ends > now and (value is None or one == value) for one, ends in self._values(kind).values())

    def close(self) -> None:
        """Nothing is held."""

    def _values(self, kind: str) -> OrderedDict[str, tuple[str, float]]:
        return self._kinds.setdefault(kind, OrderedDict())

    def _make_room(self, values: OrderedDict[str, tuple[str, float]]) -> None:
        self._puts += 1
        if self._puts >= _LOOKS_EVERY:
            # Not only from the front: what is kept for hours must not keep what is kept for minutes.
            self._puts, now = 0, self._clock()
            for kind in self._kinds.values():
                for key in [key for key, (_, ends) in kind.items() if ends <= now]:
                    del kind[key]
        while len(values) > self._most:
            values.popitem(last=False)
