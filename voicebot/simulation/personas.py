"""What kind of people call: drawn for each call.

The shares are assumptions, not measurements: they are set so that every behaviour is frequent enough to be seen, and
stand here, in one place, so that they can be replaced by what an operator's calls show.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from voicebot.simulation.speech_levels import SpeechLevel


@dataclass(frozen=True)
class Persona:
    """How somebody behaves on the telephone."""

    patience: int
    """Failed turns in a row after which they ask for a person or hang up."""
    leaves: bool
    """Whether they hang up then, rather than ask for a person."""
    level: SpeechLevel
    opens: float
    """How often a word comes before what they want to say."""
    unseen: float
    """How often they use a wording that the bot was not taught."""
    volunteers: float
    """How often they name values before they are asked."""
    keys: float
    """How often they key a number in at once rather than say it."""
    keys_after_failure: float
    """The same once they were not understood and keys were offered."""
    attention: float
    """How often they notice that a wrong value was understood."""
    slips: float
    """How often they say a wrong value first and correct it then."""
    digresses: float
    """How often they ask something else in the middle of a flow, once in a call."""
    silent: float
    """How often they say nothing when it is their turn."""
    drops: float
    """How often, each turn, the line or their time is gone."""


def draw(chance: random.Random) -> Persona:
    """Somebody."""
    return Persona(
        patience=chance.choices((2, 3, 4, 6), (10, 35, 35, 20))[0],
        leaves=chance.random() < 0.25,
        level=chance.choices(("polite", "formal", "familiar"), (75, 15, 10))[0],
        opens=chance.choice((0.0, 0.1, 0.4)),
        unseen=0.25,
        volunteers=chance.choice((0.0, 0.2, 0.7)),
        keys=chance.choice((0.0, 0.0, 0.5, 1.0)),
        keys_after_failure=chance.choice((0.5, 0.9)),
        attention=0.9,
        slips=0.03,
        digresses=chance.choice((0.0, 0.0, 0.15)),
        silent=chance.choice((0.0, 0.02, 0.05)),
        drops=0.001,
    )
