"""How often requests are refused: a flood of them must cost little, and must not fill the log."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class _Bucket:
    """Tokens that come back with time."""

    def __init__(self, rate: float, now: float) -> None:
        self.tokens, self.at = 2 * rate, now

    def take(self, rate: float, now: float) -> bool:
        self.tokens = min(2 * rate, self.tokens + (now - self.at) * rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Refusals:
    """Counts what was refused, by source and overall. Safe to use from any thread.

    It never decides on a request that has a signature: behind a proxy, or from Twilio's own addresses, whose numbers
    anybody may rent, a stranger's requests and ours have the same source. What it spares is the work for those that
    carry none, and lines in the log.
    """

    def __init__(
        self,
        *,
        per_source: float,
        overall: float,
        most_sources: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`per_source`, `overall`: refusals a second, and twice as many at once. `most_sources` are told apart."""
        self._per_source, self._overall = per_source, overall
        self._most_sources = most_sources
        self._clock = clock
        self._lock = threading.Lock()
        self._all = _Bucket(overall, clock())
        self._sources: OrderedDict[str, _Bucket] = OrderedDict()

    def count(self, source: str) -> bool:
        """One more; whether it is still one of few: then it may be looked at and logged."""
        now = self._clock()
        with self._lock:
            bucket = self._sources.get(source)
            if bucket is None:
                bucket = self._sources[source] = _Bucket(self._per_source, now)
            self._sources.move_to_end(source)
            while len(self._sources) > self._most_sources:
                self._sources.popitem(last=False)
            few = bucket.take(self._per_source, now)
            return self._all.take(self._overall, now) and few
