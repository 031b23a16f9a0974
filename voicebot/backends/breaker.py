"""A circuit breaker: a back end that keeps failing is left alone for a while, so that callers are told at once.

After M. Nygard, Release It!, with one trial at a time in the half-open state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum


class Circuit(StrEnum):
    """What the breaker lets through: everything, nothing, one trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts failures in a row. Safe to use from several threads.

    Each `allows()` that returned True is followed by exactly one of `succeeded`, `failed` and `withdrawn`.
    """

    def __init__(self, failures: int, open_s: float, clock: Callable[[], float]) -> None:
        """`failures` in a row open it for `open_s` seconds of `clock`, which only ever grows."""
        self._failures, self._open_s, self._clock = failures, open_s, clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def state(self) -> Circuit:
        """What it would do with a request now."""
        with self._lock:
            return self._state()

    def _state(self) -> Circuit:
        if self._opened_at is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if self._clock() - self._opened_at >= self._open_s else Circuit.OPEN

    def allows(self) -> bool:
        """Whether a request may be made now; in the half-open state the first to ask is the trial."""
        with self._lock:
            match self._state():
                case Circuit.CLOSED:
                    return True
                case Circuit.HALF_OPEN if not self._on_trial:
                    self._on_trial = True
                    return True
                case _:
                    return False

    def succeeded(self) -> None:
        """The back end answered: closed again."""
        with self._lock:
            self._in_a_row, self._opened_at, self._on_trial = 0, None, False

    def failed(self) -> None:
        """The back end failed. A failed trial opens it for another while."""
        with self._lock:
            self._in_a_row += 1
            if self._on_trial or (self._opened_at is None and self._in_a_row >= self._failures):
                self._opened_at, self._on_trial = self._clock(), False

    def withdrawn(self) -> None:
        """The request came to nothing that says anything about the back end; another trial may follow."""
        with self._lock:
            self._on_trial = False
