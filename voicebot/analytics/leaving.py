"""Why callers leave, step by step: what went before each flow that was not completed, and what most likely made it so.

A flow is left where it ends without being completed: the caller hung up, went to a person, dropped it, or it failed.
The reason is the first in `REASONS` whose sign is found in what went before at that step. It is a reading of signs,
not of minds: docs/kpis.md tells each sign.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from sqlalchemy import and_, select

from voicebot.analytics.figures import Analytics
from voicebot.analytics.scope import Scope
from voicebot.store.history.database import Database
from voicebot.store.history.decisions import CORRECTION, IGNORED, RATING, SILENT, UNMATCHED, UPSET
from voicebot.store.history.tables import call_flows, calls, milliseconds, turn_words, turns

LONG_WAIT_MS = 4_000
"""From which on a silence of the bot's is a reason to leave: twice what callers take for an ordinary pause."""
MANY_CORRECTIONS = 2
MANY_QUESTIONS = 3
"""So often the same step is asked before that is a reason by itself."""
MOST_LEFT = 5_000
"""Left flows that are looked at, the latest ones: reasons are shares, and these are enough for them."""
_CALLS_SHOWN = 5
_LAST_TURNS = 12

REASONS: Mapping[str, Mapping[str, str]] = {
    "asked_for_person": {"ko": "상담원을 원함", "en": "wanted a person"},
    "our_failure": {"ko": "시스템 오류", "en": "something of ours failed"},
    "silent": {"ko": "답이 없음", "en": "no answer"},
    "not_understood": {"ko": "알아듣지 못함", "en": "not understood"},
    "waited": {"ko": "오래 기다림", "en": "waited long"},
    "misunderstood": {"ko": "잘못 알아들음", "en": "misunderstood"},
    "asked_again": {"ko": "같은 질문을 되풀이함", "en": "asked the same again and again"},
    "upset": {"ko": "불만이 있음", "en": "was upset"},
    "changed_mind": {"ko": "마음을 바꿈", "en": "changed their mind"},
    "at_once": {"ko": "질문을 듣고 바로 끊음", "en": "left at the question"},
    "unknown": {"ko": "알 수 없음", "en": "not known"},
}
"""By name, the most telling first; with a title by language."""


@dataclass(frozen=True)
class Left:
    """One flow that was left in one call."""

    call: str
    """Its id."""
    flow: str
    step: str
    """Empty: before its first step."""
    result: str
    reason: str
    """One of `REASONS`."""
    last_said: str
    """What the bot said last before; empty where words are not kept."""
    failed_turns: int
    """Turns at this step that were not understood, or were silence."""
    wait_ms: int | None
    """How long the caller had waited for the bot's last words."""
    feeling: str
    """Name of the caller's last one; empty where it is not known."""


@dataclass(frozen=True)
class StepLeaving:
    """One step of a flow: how many came, how many left, and what went before."""

    flow: str
    step: str
    reached: int
    left: int
    share: float | None
    """Of those who reached it."""
    reasons: Mapping[str, int]
    """The most frequent first."""
    last_said: str
    """What the bot said last before most of those who left."""
    failed_turns: float | None
    """Mean, before leaving."""
    wait_ms: float | None
    """Median, of the bot's last words."""
    upset: float | None
    """Share of those who left angry or displeased."""
    calls: tuple[str, ...]
    """Some, the latest first."""


@dataclass(frozen=True)
class ReasonLeaving:
    """One reason: how often it was found, and where most."""

    reason: str
    left: int
    share: float
    steps: Mapping[str, int]
    """`FLOW STEP` -> how often, the most frequent first."""


def left_flows(database: Database, scope: Scope, flow: str = "", *, most: int = MOST_LEFT) -> list[Left]:
    """The flows that were left, the latest `most`, each with its reason. Raises DatabaseError."""
    c, f = calls.c, call_flows.c
    named = {"pack": scope.pack, "language": scope.language, "channel": scope.channel, "version": scope.version}
    where = [
        c.began >= milliseconds(scope.since),
        c.began < milliseconds(scope.until),
        c.ended.is_not(None),
        f.result.is_not(None),
        f.result != "completed",
        *(c[name] == value for name, value in named.items() if value),
    ]
    if flow:
        where.append(f.flow == flow)
    query = (
        select(c.key, c.id, f.flow, f.step, f.result, f.reason, f.ended_ms, c.feeling)
        .select_from(calls.join(call_flows, f.call_key == c.key))
        .where(*where)
        .order_by(c.began.desc(), c.key.desc(), f.flow)
        .limit(most)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
        before: dict[int, list[Any]] = defaultdict(list)
        keys = sorted({row.key for row in rows})
        for start in range(0, len(keys), 500):
            t = turns.c
            joined = turns.outerjoin(turn_words, and_(turn_words.c.turn_id == t.id, t.who == "bot"))
            of = select(
                *(t.call_key, t.at_ms, t.who, t.decision, t.flow, t.step, t.wait_ms, t.feeling, turn_words.c.text)
            )
            these = t.call_key.in_(keys[start : start + 500])
            for turn in connection.execute(of.select_from(joined).where(these).order_by(t.part, t.number)):
                before[turn.call_key].append(turn)
    return [_left(row, before[row.key]) for row in rows]


def _left(row: Any, all_turns: Sequence[Any]) -> Left:
    end = row.ended_ms if row.ended_ms is not None else float("inf")
    seen = [turn for turn in all_turns if turn.at_ms <= end and turn.decision not in RATING][-_LAST_TURNS:]
    step = row.step or ""
    here = [turn for turn in seen if (turn.flow or "") == row.flow and (turn.step or "") == step]
    bot = next((turn for turn in reversed(seen) if turn.who == "bot"), None)
    feeling = next((turn.feeling for turn in reversed(seen) if turn.who == "caller" and turn.feeling), "") or ""
    return Left(
        call=row.id,
        flow=row.flow,
        step=step,
        result=row.result,
        reason=_reason(row, here, bot, feeling),
        last_said=(bot.text or "") if bot is not None else "",
        failed_turns=sum(turn.who == "caller" and turn.decision in (*UNMATCHED, *SILENT) for turn in here),
        wait_ms=bot.wait_ms if bot is not None else None,
        feeling=feeling,
    )


def _reason(row: Any, here: Sequence[Any], bot: Any | None, feeling: str) -> str:
    given, result = row.reason or "", row.result
    said = [turn for turn in here if turn.who == "caller" and (turn.decision in SILENT or turn.decision not in IGNORED)]
    last = said[-1].decision if said else ""
    if result == "hand_over" and given == "asked":
        return "asked_for_person"
    if result == "failed" or given in ("backend", "failed"):
        return "our_failure"
    if given == "no_input" or (result == "caller_left" and last in SILENT):
        return "silent"
    if given in ("no_match", "stuck", "wrong_keys", "flow") or (result == "caller_left" and last in UNMATCHED):
        return "not_understood"
    waited = bot is not None and (bot.wait_ms or 0) >= LONG_WAIT_MS
    if result == "caller_left" and (waited or (row.step or "").startswith("query ")):
        return "waited"
    if sum(turn.decision == CORRECTION for turn in said) >= MANY_CORRECTIONS:
        return "misunderstood"
    if sum(turn.who == "bot" for turn in here) >= MANY_QUESTIONS:
        return "asked_again"
    if feeling in UPSET:
        return "upset"
    if result == "dropped":
        return "changed_mind"
    return "at_once" if result == "caller_left" and len(said) <= 1 else "unknown"


def by_step(analytics: Analytics, database: Database, scope: Scope, flow: str = "") -> list[StepLeaving]:
    """The steps at which flows were left, those that lose most callers first. Raises DatabaseError.

    `reached` and `left` are of all calls; the rest is of the latest `MOST_LEFT` left flows.
    """
    groups: dict[tuple[str, str], list[Left]] = defaultdict(list)
    for left in left_flows(database, scope, flow):
        groups[left.flow, left.step].append(left)
    funnels = {name: {step.step: step for step in analytics.funnel(scope, name)} for name in {f for f, _ in groups}}
    found = []
    for (name, step), ones in groups.items():
        counted = funnels[name].get(step)
        waits = [one.wait_ms for one in ones if one.wait_ms is not None]
        felt = [one.feeling for one in ones if one.feeling]
        left_here = counted.left if counted is not None else len(ones)
        found.append(
            StepLeaving(
                flow=name,
                step=step,
                reached=counted.reached if counted is not None else len(ones),
                left=left_here,
                share=left_here / counted.reached if counted is not None and counted.reached else None,
                reasons=_counted(one.reason for one in ones),
                last_said=next(iter(_counted(one.last_said for one in ones if one.last_said)), ""),
                failed_turns=round(mean(one.failed_turns for one in ones), 2),
                wait_ms=round(median(waits)) if waits else None,
                upset=sum(name in UPSET for name in felt) / len(felt) if felt else None,
                calls=tuple(dict.fromkeys(one.call for one in ones))[:_CALLS_SHOWN],
            )
        )
    return sorted(found, key=lambda one: (-one.left, one.flow, one.step))


def by_reason(database: Database, scope: Scope, flow: str = "", *, most: int = MOST_LEFT) -> list[ReasonLeaving]:
    """The reasons that were found, the most frequent first, among the latest `most`. Raises DatabaseError."""
    groups: dict[str, list[Left]] = defaultdict(list)
    for left in left_flows(database, scope, flow, most=most):
        groups[left.reason].append(left)
    total = sum(len(ones) for ones in groups.values())
    found = [
        ReasonLeaving(reason, len(ones), len(ones) / total, _counted(f"{one.flow} {one.step}".strip() for one in ones))
        for reason, ones in groups.items()
    ]
    return sorted(found, key=lambda one: (-one.left, one.reason))


def _counted(names: Iterable[str]) -> dict[str, int]:
    """The most frequent first; among equals, by name."""
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
