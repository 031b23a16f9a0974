"""How long callers may be kept waiting for a voice: by how much better it is understood than the one instead of it.

The numbers weigh a silence, with the line's quiet noise in it and a few words of bridging after two seconds, against
words that are not understood and have to be repeated, which costs a whole turn of five seconds and more.
"""

from __future__ import annotations

from collections.abc import Mapping

WORTH_WAITING_S = 1.5
"""Seconds, by its pace so far, that a voice which is hardly better may keep a caller waiting for a new sentence. After
more of them callers ask whether anybody is there."""
PATIENCE_S = 2.5
"""Seconds after which such a voice is waited for no longer: its pace may be wrong. A new sentence takes a tenth of that
with a quick engine; with fifty at once, the quick plain voice beats a long silence."""
_FOR_EACH_CHARACTER_S = 8.0
"""Seconds more where every character is understood instead of none. One in ten is worth 0.8 s: about what a caller
takes to ask again for a word, times how often that happens."""
_MORE_AT_MOST_S = 4.5
"""So that a wait ends after 7 s: after 8 s callers hang up or speak."""

JOINED_COSTS = 0.10
"""What a voice loses where its sentences are joined from pieces that it read (docs/decisions/korean-voice.md)."""

ErrorRates = Mapping[tuple[str, str], float]
"""Character error rates by engine and language."""


def more_s(error_rate: float, instead: float) -> float:
    """Seconds to be added to WORTH_WAITING_S and PATIENCE_S for a voice with the first error rate before the second."""
    return min(_MORE_AT_MOST_S, max(0.0, instead - error_rate) * _FOR_EACH_CHARACTER_S)


_WORTH_READING = 0.1
"""Read ahead only what is understood better than the next engine by as much: it costs ten minutes of a core."""


def worth_reading(error_rate: float, instead: float) -> bool:
    """Whether pieces read by a voice with the first error rate would beat an engine with the second."""
    return instead - (error_rate + JOINED_COSTS) > _WORTH_READING
