"""What the dialogue gets of an utterance's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entity:
    """A value found in a text."""

    type: str
    """`digits`, `number`, `amount`, `count`, `phone`, `date`, `time`, `duration`, `yes_no`, or a list's name."""
    value: Any
    """Normalised, and JSON: digits as text, numbers as int, dates as `2026-11-22`, phones as E.164, yes/no as bool."""
    text: str
    start: int
    end: int
    """The span in the text: text[start:end]."""


@dataclass(frozen=True)
class IntentScore:
    name: str
    score: float
    """Probability between 0 and 1."""


@dataclass(frozen=True)
class Understanding:
    """What one utterance means."""

    text: str
    intent: str | None
    """The best intent, None where nothing known is meant (out of scope)."""
    score: float
    """Calibrated probability of `intent`, or of being out of scope where it is None."""
    alternatives: tuple[IntentScore, ...] = ()
    """All intents worth asking about, best first, `intent` included."""
    entities: tuple[Entity, ...] = ()
    further_intents: tuple[str, ...] = ()
    """Other intents said in the same breath, in the order they were said."""
