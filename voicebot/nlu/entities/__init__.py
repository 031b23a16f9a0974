"""Values in what a caller says: numbers, money, dates, times, yes and no, names from lists.

Types and their values, all plain JSON:

========== =====================================================================================================
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
========== =====================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from voicebot.nlu.entities import english, korean
from voicebot.nlu.entities.grammar import Candidate, Context, Expected, ListEntry, choose
from voicebot.nlu.entities.names import names
from voicebot.nlu.normalise import normalise_with_spans
from voicebot.nlu.understanding import Entity

__all__ = ["Expected", "ListEntry", "RefusedEntity", "find_entities"]


@dataclass(frozen=True)
class RefusedEntity(Entity):
    """A value that the caller says is not meant: the 2 of "2번이 아니라 3번"."""

    negated: bool = True


def find_entities(
    text: str,
    language: str,
    *,
    today: date,
    expect: Sequence[Expected] = (),
    lists: Mapping[str, Sequence[ListEntry]] | None = None,
) -> tuple[Entity, ...]:
    """The values in `text`, in order of position, none overlapping; refused ones (`RefusedEntity`) behind all others.

    `language` is `ko` or `en` (others are read as English). `today` gives "tomorrow" its meaning. What the dialogue
    expects decides where a text can be read in two ways; without it only clear readings are taken. A date and a time
    side by side are one `datetime`, but stay two where `date` or `time` is expected and `datetime` is not.
    Spans are those of the given text, however it is composed. At most 2,000 characters are read. Never raises.
    """
    normalised = normalise_with_spans(text)
    spoken = normalised.text
    context = Context(today, {one.type: one for one in expect})
    grammar = korean if language == "ko" else english
    read = spoken if language == "ko" else _lower(spoken)
    candidates: list[Candidate] = []
    for rule in grammar.RULES:
        candidates.extend(rule(read, context))
    candidates.extend(names(spoken, language, lists or {}))
    chosen = choose(candidates, context)
    if context.expects("datetime") or not context.expects("date", "time"):
        chosen = list(_join(chosen, read, grammar.BETWEEN_DATE_AND_TIME))
    if context.expects("text") and spoken and not chosen:
        chosen = [Candidate("text", spoken, 0, len(spoken))]
    affirmed: list[Entity] = []
    refused: list[Entity] = []
    for candidate in chosen:
        start, end = normalised.given_span(candidate.start, candidate.end)
        if candidate.type != "yes_no" and grammar.refused(read, candidate):
            refused.append(RefusedEntity(candidate.type, candidate.value, text[start:end], start, end))
        else:
            affirmed.append(Entity(candidate.type, candidate.value, text[start:end], start, end))
    return (*affirmed, *refused)


def _lower(text: str) -> str:
    """Lower case that keeps every character's place."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _join(chosen: Iterable[Candidate], text: str, between: re.Pattern[str]) -> Iterator[Candidate]:
    """A date and a time side by side as one `datetime`."""
    rest = list(chosen)
    skip = False
    for candidate, following in pairwise([*rest, None]):
        if skip:
            skip = False
            continue
        assert candidate is not None
        kinds = {candidate.type, following.type} if following else set()
        if following and kinds == {"date", "time"} and between.fullmatch(text, candidate.end, following.start):
            day, clock = (candidate, following) if candidate.type == "date" else (following, candidate)
            yield Candidate("datetime", f"{day.value}T{clock.value}", candidate.start, following.end)
            skip = True
        else:
            yield candidate
