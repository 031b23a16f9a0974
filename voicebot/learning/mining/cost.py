"""What a cluster costs, in seconds of people's time:

    15 a call  +  the seconds that callers lost  +  240 a hand-over  +  60 a call with anger

over at most `COUNTED_CALLS` calls of each caller, the earliest. Callers who withhold their number count as one.
So somebody who calls a thousand times with the same nonsense weighs as much as anybody who calls three times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from voicebot.learning.mining.failures import LONGEST_LOSS_MS, Failure

COUNTED_CALLS = 3
FEWEST_CALLERS = 3
"""A cluster of fewer callers is left out."""
OF_CALL_S = 15.0
"""Asking once more and answering once more."""
OF_HAND_OVER_S = 240.0
"""An agent's conversation and the notes after it; an assumption."""
OF_ANGER_S = 60.0
"""What it costs to make good; an assumption."""


@dataclass(frozen=True)
class Cost:
    """Over the calls that count."""

    calls: int
    callers: int
    hand_overs: int
    angry: int
    """Calls with anger."""
    lost_ms: int

    @property
    def seconds(self) -> float:
        lost = self.lost_ms / 1000
        return OF_CALL_S * self.calls + lost + OF_HAND_OVER_S * self.hand_overs + OF_ANGER_S * self.angry


def cost_of(failures: Iterable[Failure]) -> Cost:
    """What these failures cost together."""
    counted = [calls[:COUNTED_CALLS] for calls in _by_caller(failures).values()]
    calls = [call for some in counted for call in some]
    return Cost(
        calls=len(calls),
        callers=len(counted),
        hand_overs=sum(any(failure.handed_over for failure in call) for call in calls),
        angry=sum(any(failure.angry for failure in call) for call in calls),
        lost_ms=sum(min(sum(failure.lost_ms for failure in call), LONGEST_LOSS_MS) for call in calls),
    )


def _by_caller(failures: Iterable[Failure]) -> dict[str, list[list[Failure]]]:
    """Each caller's calls, the earliest first."""
    calls: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for failure in failures:
        calls[failure.caller, failure.call].append(failure)
    of: dict[str, list[list[Failure]]] = defaultdict(list)
    for (caller, _), said in sorted(calls.items(), key=lambda one: (one[1][0].began, one[0])):
        of[caller].append(said)
    return of
