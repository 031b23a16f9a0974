"""When a silence of the bot's own is bridged by a few words. No clock inside: the call's own is passed in."""

from __future__ import annotations

from typing import Literal

from voicebot.audio.turn_taking import TurnKnobs


class Bridging:
    """Knows what the bot is waiting for: the second listener, or a back end."""

    def __init__(self, knobs: TurnKnobs) -> None:
        self._knobs = knobs
        self._doubt_since: int | None = None
        self._next_apology: int | None = None
        self.count = 0
        """How many silences were bridged."""
        self.filling = False
        """Whether what is being said only fills the second listener's time: the caller's words are still to come."""

    def doubts(self, now_ms: int) -> None:
        """The second listener was asked."""
        self._doubt_since = now_ms

    @property
    def waiting(self) -> bool:
        """Whether the caller waits for the second listener or for a back end."""
        return self.filling or self._doubt_since is not None or self._next_apology is not None

    def heard(self) -> bool:
        """It is known what the caller said; returns whether the wait for that was filled."""
        filled, self.filling, self._doubt_since = self.filling, False, None
        return filled

    def asks(self, now_ms: int) -> None:
        """A back end was asked."""
        self._next_apology = now_ms + self._knobs.slow_backend_ms

    def answered(self) -> None:
        """The back end answered."""
        self._next_apology = None

    def due(self, now_ms: int) -> Literal["", "filler", "backend_slow"]:
        """The reply to bridge with now, empty where nothing is to be said."""
        if self._doubt_since is not None and now_ms - self._doubt_since >= self._knobs.filler_after_ms:
            self._doubt_since = None
            self.filling = True
            self.count += 1
            return "filler"
        if self._next_apology is not None and now_ms >= self._next_apology:
            self._next_apology = now_ms + self._knobs.slow_again_ms
            self.count += 1
            return "backend_slow"
        return ""
