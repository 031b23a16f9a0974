"""How long the callers of a queue are likely to wait: from what those before them waited for each place."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from statistics import median

_SAMPLES = 20
_ENTRIES = 2_000


class WaitEstimates:
    """What this process has seen of its queues. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entered: OrderedDict[str, int] = OrderedDict()
        """The place at which a call was first seen waiting."""
        self._paces: dict[str, deque[float]] = {}
        """Seconds a place, of the last callers who were served, by queue."""

    def seen(self, call_sid: str, place: int) -> None:
        """A call waits, at that place from 1."""
        with self._lock:
            self._entered.setdefault(call_sid, place)
            while len(self._entered) > _ENTRIES:
                self._entered.popitem(last=False)

    def served(self, call_sid: str, queue: str, waited_s: float) -> None:
        """A call was taken by an agent after so many seconds."""
        with self._lock:
            place = self._entered.pop(call_sid, 0)
            if place > 0:
                self._paces.setdefault(queue, deque(maxlen=_SAMPLES)).append(waited_s / place)

    def estimate(self, queue: str, place: int, average_s: float) -> float | None:
        """Seconds that the caller at this place still waits; None where nothing is known.

        `average_s`: Twilio's AvgQueueTime, which stands in until callers were served; 0 where it has none.
        """
        with self._lock:
            paces = self._paces.get(queue)
            if paces and place > 0:
                return median(paces) * place
        return average_s or None
