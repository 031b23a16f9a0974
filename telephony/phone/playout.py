"""Twilio's playout buffer: what the service sends is played in order at the pace of speech, with marks between."""

from __future__ import annotations

from collections import deque

from voicebot.audio.format import FRAME_SAMPLES, SAMPLE_RATE
from voicebot.audio.mulaw import SILENCE

SILENT_FRAME = SILENCE * FRAME_SAMPLES
"""20 ms of nothing, mu-law."""


class PlayoutBuffer:
    """The buffer. It has no clock: `step` is called every 20 ms.

    A mark comes back when everything before it was played; at once where there is nothing; and all of them on `clear`.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._offset = 0  # bytes of the first waiting piece that are gone
        self._added = 0
        self._begun = 0  # bytes that are played or are being played
        self._played = 0
        self._marks: deque[tuple[int, str]] = deque()

    @property
    def buffered_ms(self) -> int:
        """Milliseconds of sound not played yet, the frame that is being played included."""
        return (self._added - self._played) * 1000 // SAMPLE_RATE

    @property
    def outstanding(self) -> tuple[str, ...]:
        """Marks that have not come back, in their order."""
        return tuple(name for _, name in self._marks)

    def add(self, payload: bytes) -> None:
        """Queue mu-law bytes of any number."""
        if payload:
            self._waiting.append(payload)
            self._added += len(payload)

    def mark(self, name: str) -> tuple[str, ...]:
        """Queue a mark; answers the marks that come back at once."""
        self._marks.append((self._added, name))
        return self._reached()

    def clear(self) -> tuple[str, ...]:
        """Forget what is queued; answers all outstanding marks. What is being played ends with its frame."""
        self._waiting.clear()
        self._offset = 0
        self._added = self._begun = self._played
        names = self.outstanding
        self._marks.clear()
        return names

    def step(self) -> tuple[bytes, tuple[str, ...]]:
        """Another 20 ms: the 160 bytes that begin to play now, and the marks that what ended now has reached.

        Where fewer bytes are there, silence fills the frame, as a late packet does.
        """
        self._played = self._begun
        names = self._reached()
        if not self._waiting:
            return SILENT_FRAME, names
        parts: list[bytes] = []
        missing = FRAME_SAMPLES
        while missing and self._waiting:
            piece = self._waiting[0]
            part = piece[self._offset : self._offset + missing]
            parts.append(part)
            missing -= len(part)
            self._offset += len(part)
            if self._offset == len(piece):
                self._waiting.popleft()
                self._offset = 0
        self._begun += FRAME_SAMPLES - missing
        return b"".join(parts) + SILENCE * missing, names

    def _reached(self) -> tuple[str, ...]:
        names: list[str] = []
        while self._marks and self._marks[0][0] <= self._played:
            names.append(self._marks.popleft()[1])
        return tuple(names)
