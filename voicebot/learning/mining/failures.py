"""The turns that went wrong in a period, collected from the history with the words that are kept.

A turn of a caller is a failure where it was not understood; where another meaning was nearly as likely; where the
caller took it back or denied what the bot made of it; where the bot put the same question again; where a person got the
call soon after, other than by the flow's own plan; or where the caller was angry. Commands, yes and no that were
understood, keys, silence, and sentences of which nothing is left without personal data are none. What a caller said who
gave few points at the end and was asked why is collected beside them: it names what was not well, and costs no time.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Row, or_, select

from voicebot.dialogue.pack import COMMANDS
from voicebot.nlu.normalise import normalise
from voicebot.store.history.database import Database
from voicebot.store.history.decisions import CORRECTION, IGNORED, SILENT, UNMATCHED
from voicebot.store.history.rollups import DOUBTFUL_MARGIN
from voicebot.store.history.tables import calls, hand_overs, turn_words, turns

Kind = Literal["no_match", "corrected", "doubtful", "repeated", "handed_over", "angry", "remark"]

BEFORE_HAND_OVER = 2
"""So many turns before a hand-over say what the bot could not do."""
LONGEST_LOSS_MS = 60_000
"""More than this one turn does not cost: a caller who looks for a number is not lost time."""
MOST_OF_CALLER = 30
"""Turns of one caller, in a period, that are looked at."""
_BY_PLAN = "flow"
"""The reason of hand-overs that a flow ends with."""
_REMARK = "remark"
"""The decision on what a caller says who gave few points."""
_UNDERSTOOD_SCORE = 0.6
_ANSWERS = ("answer", "bare_value", "look_up")
"""Decisions after which the bot has no reason to put its question again, had it understood."""
_VALUES = re.compile(r"\[[^\]]*\]|\d[\d\s-]*\d")
"""Placeholders of personal data, and numbers of two digits or more."""
_FEWEST_LETTERS = {"ko": 2, "en": 4}
_BESIDE_VALUES = {"ko": 4, "en": 9}
"""The same in a sentence with a value: "123456이에요" and "it's 123456" only answer a question."""


@dataclass(frozen=True)
class Failure:
    """One turn that went wrong."""

    turn: int
    """Its id in the history."""
    call: str
    caller: str
    """Keyed hash; empty where the number was withheld: those count together, as one."""
    began: datetime
    text: str
    """What is compared: normalised, without the placeholders of personal data and without numbers. Empty where
    nothing is left."""
    kind: Kind
    """The first of what applies, in the order of `Kind`."""
    lost_ms: int
    """Until the caller was next understood, or the call's end; at most LONGEST_LOSS_MS."""
    handed_over: bool
    """Whether it led to a person."""
    angry: bool


@dataclass(frozen=True)
class LeftOut:
    """What was not looked at."""

    why: Literal["one_caller", "no_words", "few_callers", "too_many"]
    turns: int
    callers: int = 0
    calls: int = 0


@dataclass(frozen=True)
class Collected:
    failures: tuple[Failure, ...]
    left_out: tuple[LeftOut, ...]


def collect(database: Database, pack: str, language: str, since: datetime, until: datetime) -> Collected:
    """The failures of calls that began in the period and are over, the oldest call first. Raises DatabaseError."""
    found: list[Failure] = []
    wordless = 0
    with database.reading() as connection:
        rows = connection.execute(_turns(pack, language, since, until))
        for _, call in groupby(rows, lambda row: row.call_key):
            for failure in _of_call(list(call), language):
                if failure.text:
                    found.append(failure)
                else:
                    wordless += 1
    kept, repeated = _capped(found)
    left_out = [LeftOut("no_words", wordless)] if wordless else []
    return Collected(tuple(kept), (*repeated, *left_out))


def periods(database: Database, since: datetime, until: datetime, pack: str = "") -> list[tuple[str, str]]:
    """Packs and languages of which there are calls, in order."""
    query = select(calls.c.pack, calls.c.language).where(calls.c.began >= since, calls.c.began < until).distinct()
    if pack:
        query = query.where(calls.c.pack == pack)
    with database.reading() as connection:
        return sorted((row.pack, row.language) for row in connection.execute(query) if row.pack and row.language)


def comparable(text: str) -> str:
    """What of a sentence is compared: whose number it was makes no difference."""
    return " ".join(_VALUES.sub(" ", normalise(text)).split())


def has_words(text: str, language: str) -> bool:
    """Whether anything is left to compare."""
    letters = sum(char.isalpha() for char in comparable(text))
    fewest = _BESIDE_VALUES if _VALUES.search(normalise(text)) else _FEWEST_LETTERS
    return letters >= fewest.get(language, 2)


def _turns(pack: str, language: str, since: datetime, until: datetime) -> Any:
    """Both sides' turns of the calls in which something may have gone wrong."""
    within = (calls.c.pack == pack, calls.c.language == language, calls.c.began >= since, calls.c.began < until)
    t = turns.c
    suspect = (
        select(t.call_key)
        .join(calls, calls.c.key == t.call_key)
        .where(
            *within,
            t.who == "caller",
            or_(
                t.decision.in_((*UNMATCHED, CORRECTION, _REMARK, *_ANSWERS)),
                t.margin < DOUBTFUL_MARGIN,
                t.intent == "no",
                t.feeling == "angry",
            ),
        )
    )
    handed_over = (
        select(hand_overs.c.call_key)
        .join(calls, calls.c.key == hand_overs.c.call_key)
        .where(*within, hand_overs.c.reason != _BY_PLAN)
    )
    given = (
        select(hand_overs.c.reason).where(hand_overs.c.call_key == calls.c.key).order_by(hand_overs.c.id).limit(1)
    ).scalar_subquery()
    return (
        select(
            t.id, t.call_key, t.at_ms, t.listener, t.decision, t.intent, t.intent_score, t.margin, t.flow, t.step,
            t.feeling, turn_words.c.text, calls.c.id.label("call"), calls.c.caller, calls.c.began, calls.c.duration_ms,
            given.label("given"),
        )
        .join(calls, calls.c.key == t.call_key)
        .outerjoin(turn_words, turn_words.c.turn_id == t.id)
        .where(*within, calls.c.ended.is_not(None), t.who == "caller")
        .where(or_(calls.c.key.in_(suspect), calls.c.key.in_(handed_over)))
        .order_by(calls.c.began, calls.c.key, t.part, t.number)
    )  # fmt: skip


def _of_call(every: Sequence[Row[Any]], language: str) -> Iterator[Failure]:
    said = [row for row in every if (row.decision or "") not in (*IGNORED, *SILENT)]
    content = [n for n, row in enumerate(said) if _has_content(row)]
    given = said[0].given if said else None
    led = set(content[-BEFORE_HAND_OVER:]) if given and given != _BY_PLAN else set()
    for n in content:
        row = said[n]
        kind = _kind(said, n, handed_over=n in led)
        if kind is not None:
            yield Failure(
                turn=row.id,
                call=row.call,
                caller=row.caller or "",
                began=row.began,
                text=comparable(row.text) if has_words(row.text, language) else "",
                kind=kind,
                lost_ms=_lost(said, n),
                handed_over=n in led,
                angry=row.feeling == "angry",
            )
    for row in every:
        if row.decision == _REMARK and row.text:
            text = comparable(row.text) if has_words(row.text, language) else ""
            yield Failure(row.id, row.call, row.caller or "", row.began, text, "remark", 0, False, False)


def _has_content(row: Row[Any]) -> bool:
    """Whether the caller said something of their own: no key, and no command, yes or no that was understood."""
    if not row.text or row.listener == "keys":
        return False
    understood = row.decision not in UNMATCHED and (row.intent_score or 0.0) >= _UNDERSTOOD_SCORE
    return not (row.intent in COMMANDS and understood)


def _kind(said: Sequence[Row[Any]], n: int, *, handed_over: bool) -> Kind | None:
    row = said[n]
    before = said[n - 1] if n else None
    after = said[n + 1] if n + 1 < len(said) else None
    began_flow = (row.flow or "") != ((before.flow if before else None) or "")
    if row.decision in UNMATCHED:
        return "no_match"
    if after is not None and (
        after.decision == CORRECTION or (after.intent == "no" and row.decision == "new_subject" and not began_flow)
    ):
        return "corrected"
    if row.margin is not None and row.margin < DOUBTFUL_MARGIN and row.intent and row.intent not in COMMANDS:
        return "doubtful"
    asked_again = before is not None and row.step and (row.flow, row.step) == (before.flow, before.step)
    if asked_again and row.decision in _ANSWERS:
        return "repeated"
    if handed_over:
        return "handed_over"
    return "angry" if row.feeling == "angry" else None


def _lost(said: Sequence[Row[Any]], n: int) -> int:
    later = next((row for row in said[n + 1 :] if row.decision not in UNMATCHED), None)
    until = later.at_ms if later is not None else said[n].duration_ms or said[-1].at_ms
    return int(min(max(until - said[n].at_ms, 0), LONGEST_LOSS_MS))


def _capped(found: Sequence[Failure]) -> tuple[list[Failure], list[LeftOut]]:
    """At most MOST_OF_CALLER turns of each caller: no one caller decides what is looked at."""
    seen: Counter[str] = Counter()
    kept, beyond = [], defaultdict(list)
    for failure in found:
        # Those who withhold their number are many, but nobody can tell: their calls are capped one by one, and count
        # together later.
        key = failure.caller or failure.call
        seen[key] += 1
        if seen[key] <= MOST_OF_CALLER:
            kept.append(failure)
        else:
            beyond[key].append(failure)
    return kept, [
        LeftOut("one_caller", len(more), 1, len({failure.call for failure in more}))
        for more in sorted(beyond.values(), key=len, reverse=True)
    ]
