"""Which sound comes in its turn, and how much is missing before it: sans-I/O, time is told by who asks.

Twilio numbers media three times: `sequenceNumber` counts messages, `chunk` counts sound, `timestamp` tells where in the
stream it begins. None of them is believed further than the time that really passed allows, for the call's clock is its
sound: a number from the far future would else stop that clock, and one from the past turn it back.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.audio.format import FRAME_MS

_FIRST_WITHIN_MS = 1_000
"""The first sound of a real stream is stamped 99 to 171 ms; further on, the stamp is not one."""
_SKIPPED = 50
"""Numbers that may be skipped although no time passed: marks that come back together count as messages too."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of sound says that it belongs; None for what it doesn't say."""

    sequence: int | None = None
    chunk: int | None = None
    timestamp_ms: int | None = None


class MediaOrder:
    """The order of one stream's sound."""

    def __init__(self, at_ms: float) -> None:
        """`at_ms`: milliseconds on a steady clock, when the stream started."""
        self._at_ms = at_ms
        """When the newest sound came, or the stream started."""
        self._sequence = -1
        self._chunk = -1
        self._timestamp_ms = -1
        self._next_ms: int | None = None
        """Timestamp of the sound that would follow without a gap."""
        self._delay_ms = at_ms - _FIRST_WITHIN_MS
        """The clock less the timestamp for the sound that came quickest: what is stamped later was not yet spoken."""

    def take(self, place: Place, length_ms: int, at_ms: float) -> int | None:
        """Sound of `length_ms` came at `at_ms`: the milliseconds missing before it, at least a frame or else 0.

        None for sound that is not ahead of what was taken before: late, or doubled. A number that is further ahead
        than the time allows is no number; the sound counts as following the last.
        """
        most = _SKIPPED + int(at_ms - self._at_ms) // FRAME_MS
        sequence = place.sequence if place.sequence is not None and place.sequence - self._sequence <= most else None
        chunk = place.chunk if place.chunk is not None and place.chunk - self._chunk <= most else None
        stamp = place.timestamp_ms
        if stamp is not None and self._is_yet_to_come(stamp, at_ms):
            stamp = None
        if (
            (sequence is not None and sequence <= self._sequence)
            or (chunk is not None and chunk <= self._chunk)
            or (stamp is not None and stamp <= self._timestamp_ms)
        ):
            return None
        self._at_ms = at_ms
        self._sequence = self._sequence if sequence is None else sequence
        self._chunk = self._chunk if chunk is None else chunk
        return self._gap(stamp, length_ms, at_ms)

    def _is_yet_to_come(self, stamp: int, at_ms: float) -> bool:
        """Whether sound with this timestamp can't have been spoken yet. A few milliseconds off is on time."""
        if self._next_ms is not None and stamp < self._next_ms + FRAME_MS:
            return False
        return stamp > at_ms - self._delay_ms

    def _gap(self, stamp: int | None, length_ms: int, at_ms: float) -> int:
        following = self._next_ms
        if stamp is None:
            self._next_ms = None if following is None else following + length_ms
            return 0
        self._timestamp_ms = stamp
        if following is None:
            self._delay_ms = at_ms - stamp
            self._next_ms = stamp + length_ms
            return 0
        # Real timestamps are off by a few milliseconds: only a whole frame is a loss. Smaller deviations add up.
        missing = stamp - following
        begins = following if -FRAME_MS < missing < FRAME_MS else stamp
        self._delay_ms = min(self._delay_ms, at_ms - begins)
        self._next_ms = begins + length_ms
        return missing if missing >= FRAME_MS else 0
