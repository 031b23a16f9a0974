"""What the dialogue gets of an utterance's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entity:
    """A value found in a text."""

    type: str
    """One of the types below, or a list's name."""
    value: Any
    """Normalised, and plain JSON, by type:

    ========== =================================================================
    digits      text: "0112"
    number      int or float; "2번", "number two" and "three" alike
    ordinal     int; the last one is -1
    count       int or float; between two, [least, most]
    percent     int or float
    fraction    text: "1/3"
    amount      {"amount": 12900, "currency": "KRW"}
    phone       E.164: "+821012345678"
    date        "2026-11-24"
    date_range  "first/last", both included: a weekend, a week, a month, a year
    time        "14:30"
    datetime    "2026-11-24T14:30"
    duration    ISO 8601: "PT2H30M"; between two, [least, most]
    yes_no      true or false
    text        the whole utterance, where free text is expected
    LIST        the value of the list's entry
    ========== =================================================================
    """
    text: str
    start: int
    end: int
    """The span in the text: text[start:end]."""
    negated: bool = False
    """Whether the caller says that this value is not meant: the 2 of "2번이 아니라 3번"."""


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
