"""Whether the second listener may be asked now: never at the cost of those whom the first understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MOST_WAIT_S = 0.05
"""That a closer look or an end of speech may wait for a thread to decode it: an answer that is half a second away
anyway is no later for it. Beyond, cores are short already."""
MOST_TAKEN = 0.6
"""Of the places for calls: an utterance that is read costs as much as a call does in twenty seconds."""


@dataclass(frozen=True)
class Pressure:
    """How hard live calls press."""

    waits_s: float = 0.0
    """How long the first of the utterances that have ended, or may have, has waited for a thread."""
    taken: float = 0.0
    """Share of the places for calls that are taken, 0 to 1."""


Pressing = Callable[[], Pressure]
"""Is asked before every utterance; takes no time."""


def admits(pressure: Pressure, *, alone: bool = False) -> bool:
    """Whether an utterance may be read a second time; else the bot asks again.

    `alone`: no first listener knows the language, so that nothing is understood without the second; then it is read
    whatever the pressure, one utterance at a time, at low priority.
    """
    return alone or (pressure.waits_s <= MOST_WAIT_S and pressure.taken <= MOST_TAKEN)
