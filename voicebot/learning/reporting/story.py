"""The facts of a week as sentences: what is worth saying, and in which words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from voicebot.analytics.definitions import KPIS, Kpi
from voicebot.analytics.leaving import REASONS
from voicebot.learning.reporting.facts import Facts, Proposal
from voicebot.learning.reporting.words import Words

CARDS = ("calls", "containment", "csat", "understanding_rate", "handling_time")
_TOLD = ("understanding_rate", "hand_over_rate", "correction_rate", "no_input_rate", "failed_share")
"""Shares whose change is told, where it is no chance."""
_LEAST_CHANGE = 0.005
"""Half a percentage point: less is not worth a sentence."""
_LEAST_POINTS = 0.1
"""Of satisfaction: less is neither good nor bad."""
_CHANCE_Z = 1.64
"""Standard errors by which a share must differ from last week's: with no true change, one in ten would."""
_OF_CALLS = ("hand_over_rate", "failed_share")
_TURNS_A_CALL = 3
"""At the least, so that shares of turns are judged with no fewer turns than there were."""
_SAME = 0.03
"""Of last week's calls: less is about the same."""
_GOOD_FLOW = 0.75
_ENOUGH = 10
"""Calls from which on a flow or a step is worth a sentence."""
_STEPS = 2
_QUICK_MS, _SLOW_MS = 1_500.0, 2_500.0
_FINE = 4.0


@dataclass(frozen=True)
class Card:
    """One figure at the top."""

    title: str
    value: str
    change: str
    """Against last week, with its sign; empty where that is not known."""
    mood: str
    """`good`, `bad` or `same`."""


@dataclass(frozen=True)
class Story:
    """A report's text."""

    title: str
    period: str
    made: str
    headline: str
    lead: str
    cards: tuple[Card, ...]
    wanted: tuple[str, ...]
    well: tuple[str, ...]
    wrong: tuple[str, ...]
    remarks: tuple[str, ...]
    changed: tuple[str, ...]
    proposed: tuple[str, ...]


def tell(facts: Facts, words: Words, made: datetime, zone: ZoneInfo) -> Story:
    """The report in one language."""
    headline, lead = _headline(facts, words)
    better, worse = _kpis(facts, words)
    week = facts.week
    return Story(
        title=words("title", name=words.name),
        period=words.days(week.monday, week.sunday),
        made=words("made", at=words.moment(made, zone)),
        headline=headline,
        lead=lead,
        cards=tuple(_card(facts, words, name) for name in CARDS),
        wanted=tuple(_wanted(facts, words)),
        well=(*better, *_well(facts, words)) or (words("nothing_well"),),
        wrong=(*worse, *_wrong(facts, words)) or (words("nothing_wrong"),),
        remarks=tuple(facts.remarks),
        changed=tuple(_changed(facts, words, zone)) or (words("nothing_changed"),),
        proposed=tuple(_proposed(one, words) for one in facts.proposals) or (words("nothing_proposed"),),
    )


def _headline(facts: Facts, words: Words) -> tuple[str, str]:
    calls, before = facts.now["calls"] or 0, facts.before["calls"] or 0
    if not calls:
        return words("no_calls"), ""
    containment, earlier = facts.now["containment"], facts.before["containment"]
    told = [words("headline", calls=words.number(calls), containment=words.share(containment or 0))]
    lead = []
    if containment is not None and earlier is not None:
        points = round(100 * (containment - earlier), 1)
        name = "headline_same" if abs(points) < 0.5 else "headline_up" if points > 0 else "headline_down"
        lead.append(words(name, points=words.number(abs(points), 1)))
    if before:
        change = calls / before - 1
        name = "calls_same" if abs(change) < _SAME else "calls_up" if change > 0 else "calls_down"
        lead.append(words(name, before=words.number(before), share=words.share(abs(change), 0)))
    return " ".join(told), " ".join(lead)


def _card(facts: Facts, words: Words, name: str) -> Card:
    kpi = next(one for one in KPIS if one.name == name)
    now, before = facts.now[name], facts.before[name]
    change, mood = "", "same"
    if now is not None and before is not None:
        change = _difference(kpi, now - before, before, words)
        noise = kpi.unit == "points" and abs(now - before) < _LEAST_POINTS
        if change and kpi.better != "neither" and not noise:
            mood = "good" if (now > before) == (kpi.better == "higher") else "bad"
    return Card(words(f"kpi_{name}"), "–" if now is None else _written(kpi, now, words), change, mood)


def _difference(kpi: Kpi, change: float, before: float, words: Words) -> str:
    sign = "+" if change > 0 else "−"
    match kpi.unit:
        case "share":
            shown = words.number(abs(100 * change), 1)
            return sign + words("points", shown=shown) if shown != "0.0" else ""
        case "count":
            return f"{sign}{words.share(abs(change) / before, 0)}" if before and change else ""
        case "seconds":
            return f"{sign}{words.time(abs(change))}" if round(abs(change)) else ""
        case _:
            shown = words.number(abs(change), 2)
            return f"{sign}{shown}" if shown != "0.00" else ""


def _written(kpi: Kpi, value: float, words: Words) -> str:
    match kpi.unit:
        case "share":
            return words.share(value)
        case "seconds":
            minutes, seconds = divmod(round(value), 60)
            return f"{minutes}:{seconds:02}"
        case "count":
            return words.number(value)
        case _:
            return words.number(value, 2)


def _kpis(facts: Facts, words: Words) -> tuple[list[str], list[str]]:
    """What got better and what got worse, by more than chance."""
    better: list[str] = []
    worse: list[str] = []
    for kpi in KPIS:
        now, before = facts.now[kpi.name], facts.before[kpi.name]
        if kpi.name not in _TOLD or now is None or before is None or not _is_no_chance(kpi.name, now, before, facts):
            continue
        name = "kpi_up" if now > before else "kpi_down"
        sentence = words(name, title=words(f"told_{kpi.name}"), before=words.share(before), now=words.share(now))
        (better if (now > before) == (kpi.better == "higher") else worse).append(sentence)
    return better[:2], worse[:2]


def _is_no_chance(name: str, now: float, before: float, facts: Facts) -> bool:
    """Two shares, taken as binomial."""
    turns = 1 if name in _OF_CALLS else _TURNS_A_CALL
    n, m = (turns * (figures["calls"] or 0) for figures in (facts.now, facts.before))
    if not n or not m or abs(now - before) < _LEAST_CHANGE:
        return False
    pooled = (now * n + before * m) / (n + m)
    return abs(now - before) > _CHANCE_Z * math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))


def _wanted(facts: Facts, words: Words) -> list[str]:
    titles = [words.title(intent.intent) for intent in facts.intents]
    if not titles:
        return [words("nothing_wanted")]
    name = {1: "wanted_one", 2: "wanted_many"}.get(len(titles), "wanted_three")
    named = dict(zip(("first", "second", "third"), titles, strict=False))
    told = [words(name, calls=words.number(facts.intents[0].calls), **named)]
    for intent in facts.rising:
        earlier = words.number(intent.calls_before)
        told.append(words("rising", title=words.title(intent.intent), before=earlier, calls=words.number(intent.calls)))
    return told


def _well(facts: Facts, words: Words) -> list[str]:
    told = []
    smooth = [flow for flow in facts.flows if flow.began >= _ENOUGH and (flow.completion or 0) >= _GOOD_FLOW]
    if smooth:
        best = max(smooth, key=lambda flow: (flow.completion or 0, flow.began))
        share = words.share(best.completion or 0, 0)
        name = "flow_all" if best.completed == best.began else "flow_good"
        told.append(words(name, title=words.title(best.flow), began=words.number(best.began), share=share))
    if (csat := facts.now["csat"]) is not None and csat >= _FINE:
        told.append(words("satisfied", rated=words.number(facts.rated), csat=words.number(csat, 1)))
    if (wait := facts.now["response_p95"]) is not None and wait <= _QUICK_MS:
        told.append(words("quick", seconds=words.number(wait / 1000, 1)))
    return told


def _wrong(facts: Facts, words: Words) -> list[str]:
    told = []
    for step in [step for step in facts.steps if step.reached >= _ENOUGH and step.left >= _STEPS][:_STEPS]:
        told.append(
            words(
                "step_lost",
                flow=words.title(step.flow),
                step=words.step(step.step),
                reached=words.number(step.reached),
                left=words.number(step.left),
                share=words.share(step.share or 0, 0),
                reason=REASONS[next(iter(step.reasons))][words.language],
            )
        )
    if (csat := facts.now["csat"]) is not None and csat < _FINE:
        told.append(words("dissatisfied", rated=words.number(facts.rated), csat=words.number(csat, 1)))
    if (wait := facts.now["response_p95"]) is not None and wait >= _SLOW_MS:
        told.append(words("slow", seconds=words.number(wait / 1000, 1)))
    return told + _cost(facts, words)


def _cost(facts: Facts, words: Words) -> list[str]:
    effort = facts.effort
    if not effort.handed_over:
        return []
    share = words.share(facts.now["hand_over_rate"] or 0)
    given: Mapping[str, Any] = {"calls": words.number(effort.handed_over), "share": share}
    if effort.agent_s:
        told = [words("handed_over_cost", **given, time=words.time(effort.agent_s))]
    else:
        told = [words("handed_over", **given)]
    lost = effort.not_understood
    if lost and effort.agent_s and effort.answered:
        saved = words.time(effort.agent_s / effort.answered * lost)
        told.append(words("avoidable", calls=words.number(lost), time=saved))
    elif lost:
        told.append(words("avoidable_calls", calls=words.number(lost)))
    if effort.waited_s:
        told.append(words("waited", time=words.time(effort.waited_s)))
    return told


def _changed(facts: Facts, words: Words, zone: ZoneInfo) -> list[str]:
    told = [
        words(change.kind, name=change.name, day=words.day(change.at.astimezone(zone).date()))
        for change in facts.changes
    ]
    several = {name: figures for name, figures in facts.versions.items() if (figures["calls"] or 0) >= _ENOUGH}
    if len(several) > 1:
        shown = [
            words(
                "version_share",
                name=name[:12],
                share=words.share(figures["containment"] or 0),
                calls=words.number(figures["calls"] or 0),
            )
            for name, figures in sorted(several.items(), key=lambda one: -(one[1]["calls"] or 0))[:3]
        ]
        told.append(words("versions_compared", list=", ".join(shown)))
    return told


def _proposed(proposal: Proposal, words: Words) -> str:
    calls = words.number(proposal.calls)
    match proposal.kind:
        case "cluster" if proposal.cost_s >= 60:
            return words("cluster_cost", text=proposal.text, calls=calls, time=words.time(proposal.cost_s))
        case "step":
            return words("step", flow=words.title(proposal.flow), step=words.step(proposal.text), calls=calls)
        case "wording":
            return words("wording", text=words.title(proposal.text))
        case _:
            return words(proposal.kind, text=proposal.text, calls=calls)
