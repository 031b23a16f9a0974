"""Which engines are fit at present, what they can't say, and what the operator has been told of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from voicebot.audio.format import Pcm

_log = structlog.get_logger(__name__)

_FAILURES = 2
_REST_S = 30.0
"""Seconds for which an engine that failed so many times running is left alone."""
_TELL_AGAIN_S = 600.0
"""Seconds after which the operator is told again that something fails."""
_KEPT_POOR = 500
"""Pieces remembered that an engine could not say."""


class Standing:
    """How engines have done lately, by their names. Callable from any thread; nothing here takes time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._poor: OrderedDict[str, Pcm] = OrderedDict()
        """What an engine can't say properly, by its key."""
        self._told: dict[tuple[str, str], float] = {}

    def is_asked(self, engine: str, name: str) -> bool:
        """Whether an engine works at present, and is not known to be unable to say what has this key."""
        now = self._clock()
        with self._lock:
            return self._resting.get(engine, now) <= now and name not in self._poor

    def spoke(self, engine: str) -> None:
        """It works."""
        with self._lock:
            self._failures.pop(engine, None)

    def failed(self, engine: str) -> bool:
        """It did not; returns whether it is left alone now."""
        with self._lock:
            count = self._failures[engine] = self._failures.get(engine, 0) + 1
            if count >= _FAILURES:
                self._resting[engine] = self._clock() + _REST_S
            return count >= _FAILURES

    def cannot_say(self, name: str, pcm: Pcm) -> None:
        """It would be no better the next time. `pcm`: what there is of it."""
        with self._lock:
            self._poor[name] = pcm
            while len(self._poor) > _KEPT_POOR:
                self._poor.popitem(last=False)

    def poor(self, names: Sequence[str]) -> Pcm | None:
        """The first of these that there is anything of."""
        with self._lock:
            return next((self._poor[name] for name in names if name in self._poor), None)

    def tell(self, engine: str, language: str, reason: str) -> None:
        """One message for the operator about an engine that fails, not one for every sentence."""
        now = self._clock()
        with self._lock:
            if now < self._told.get((engine, language), now):
                return
            self._told[engine, language] = now + _TELL_AGAIN_S
        _log.warning("a voice fails, the next best is heard", engine=engine, language=language, reason=reason)
