"""Values in what a caller says: numbers, money, dates, times, yes and no, names from lists.

The types and their values stand with `Entity`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from voicebot.nlu.entities.grammar import Candidate, Context, Expected, Grammar, ListEntry, choose
from voicebot.nlu.entities.names import names
from voicebot.nlu.normalise import normalise_with_spans
from voicebot.nlu.understanding import Entity

__all__ = ["Expected", "ListEntry", "find_entities"]


def find_entities(
    text: str,
    language: str,
    *,
    today: date,
    expect: Sequence[Expected] = (),
    lists: Mapping[str, Sequence[ListEntry]] | None = None,
) -> tuple[Entity, ...]:
    """The values in `text`, in order of position, none overlapping; negated ones behind all others.

    `language` is `ko` or `en` (others are read as English). `today` gives "tomorrow" its meaning. What the dialogue
    expects decides where a text can be read in two ways; without it only clear readings are taken. A date and a time
    side by side are one `datetime`, but stay two where `date` or `time` is expected and `datetime` is not.
    Spans are those of the given text, however it is composed. At most 2,000 characters are read. Never raises.
    """
    normalised = normalise_with_spans(text)
    spoken = normalised.text
    context = Context(today, {one.type: one for one in expect})
    grammar = _grammar(language)
    read = spoken if language == "ko" else _lower(spoken)
    candidates: list[Candidate] = []
    for rule in grammar.rules:
        candidates.extend(rule(read, context))
    candidates.extend(names(spoken, language, lists or {}))
    chosen = choose(candidates, context)
    if context.expects("datetime") or not context.expects("date", "time"):
        chosen = list(_join(chosen, read, grammar.between_date_and_time))
    if context.expects("text") and spoken and not chosen:
        chosen = [Candidate("text", spoken, 0, len(spoken))]
    found: list[Entity] = []
    for candidate in chosen:
        start, end = normalised.given_span(candidate.start, candidate.end)
        negated = candidate.type != "yes_no" and grammar.refused(read, candidate)
        found.append(Entity(candidate.type, candidate.value, text[start:end], start, end, negated))
    return tuple(sorted(found, key=lambda entity: entity.negated))


def _grammar(language: str) -> Grammar:
    """The rules of a language, loaded when it is first spoken: they take 0.1 to 0.2 s of CPU to compile."""
    if language == "ko":
        from voicebot.nlu.entities.korean import KOREAN

        return KOREAN
    from voicebot.nlu.entities.english import ENGLISH

    return ENGLISH


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
