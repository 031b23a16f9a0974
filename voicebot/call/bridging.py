"""When a silence of the bot's own is bridged by a few words. No clock inside: the call's own is passed in."""

from __future__ import annotations

from typing import Literal

from voicebot.audio.turn_taking import TurnKnobs

Bridge = Literal["", "filler", "backend_slow", "too_late"]
"""The reply to bridge with; `too_late`: what is waited for is waited for no longer. Empty: nothing is to be done."""


class Bridging:
    """Knows what the bot is waiting for: the second listener, a back end, or its own thoughts."""

    def __init__(self, knobs: TurnKnobs) -> None:
        self._knobs = knobs
        self._doubt_since: int | None = None
        self._asked_at: int | None = None
        self._thinking_since: int | None = None
        self._silent_since: int | None = None
        self._said = 0
        """How often the caller was told that it takes a moment, in the present wait."""
        self._fillers = 0
        self.number = 0
        """Which of the reply's variants comes next: of `due`'s last one."""
        self.filling = False
        """Whether what is being said only fills the second listener's time: the caller's words are still to come."""

    def doubts(self, now_ms: int) -> None:
        """The second listener was asked."""
        self._doubt_since = now_ms

    @property
    def waiting(self) -> bool:
        """Whether the caller waits for the second listener or for a back end."""
        return self.filling or self._doubt_since is not None or self._asked_at is not None

    def heard(self) -> bool:
        """It is known what the caller said; returns whether the wait for that was filled."""
        filled, self.filling, self._doubt_since = self.filling, False, None
        return filled

    def asks(self, now_ms: int) -> None:
        """A back end was asked."""
        self._asked_at, self._said = now_ms, 0

    def answered(self) -> None:
        """The back end answered, or is waited for no longer."""
        self._asked_at = None

    def thinks(self, now_ms: int) -> None:
        """The bot thinks about what to do; one thought after the other is one wait."""
        if self._thinking_since is None:
            self._thinking_since = now_ms
            if self._asked_at is None:
                self._said = 0

    def thought(self) -> None:
        """It knows."""
        self._thinking_since = None

    def due(self, now_ms: int, *, silent: bool) -> Bridge:
        """What to bridge with now. To be asked at every frame; `silent`: neither the bot nor the caller speaks."""
        if not silent:
            self._silent_since = None
            return ""
        if self._silent_since is None:
            self._silent_since = now_ms
        if self._doubt_since is not None and now_ms - self._doubt_since >= self._knobs.filler_after_ms:
            self._doubt_since = None
            self.filling = True
            return self._filler()
        since = self._asked_at if self._asked_at is not None else self._thinking_since
        if since is None:
            return ""
        if now_ms - since >= self._knobs.longest_wait_ms:
            return "too_late"
        silence = now_ms - max(since, self._silent_since)
        if silence < (self._knobs.slow_again_ms if self._said else self._knobs.slow_backend_ms):
            return ""
        # Where these words can't be spoken, it is as long until the next ones.
        self._silent_since = now_ms
        self._said += 1
        if self._asked_at is None:
            return self._filler()
        self.number = self._said - 1
        return "backend_slow"

    def _filler(self) -> Bridge:
        self.number = self._fillers
        self._fillers += 1
        return "filler"
