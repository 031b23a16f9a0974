"""How the bot is doing: figures of a period beside those of the one before, their course, flows, subjects, feelings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, g, render_template, request

from voicebot.analytics.definitions import KPIS, RESPONSE_TIMES
from voicebot.analytics.figures import Compared, IntentFigures, Interval
from voicebot.analytics.leaving import REASONS, ReasonLeaving, StepLeaving, by_reason, by_step
from voicebot.analytics.scope import Scope
from voicebot.console.access.guard import needs, reader
from voicebot.console.formats import NOTHING, Formats
from voicebot.console.interface_language import text
from voicebot.console.operators.periods import PERIODS, chosen_scope
from voicebot.console.operators.scene import Scene
from voicebot.dialogue.pack import Pack
from voicebot.store.history.database import Database

_SHOWN = (
    "calls",
    "containment",
    "first_call_resolution",
    "understanding_rate",
    "no_match_rate",
    "no_input_rate",
    "hand_over_rate",
    "csat",
    "handling_time",
    "response_p50",
    "response_p95",
    "upset_share",
)
"""The figures of the first screen, in the order in which an operator asks for them."""
_HOURLY_UP_TO_DAYS = 2
_LEFT_LOOKED_AT = 1_000
"""Left flows by which the first screen tells reasons."""
_REASONS = 5
_STEPS_LEFT = 15


@dataclass(frozen=True)
class Figure:
    """One KPI as it is shown."""

    name: str
    title: str
    value: str
    before: str
    change: str
    """In words for the eye: `+1.2 %p`."""
    verdict: str
    """`better`, `worse` or empty."""


_DEFINED = {kpi.name: kpi for kpi in KPIS}


def figure(name: str, compared: Compared, language: str, formats: Formats) -> Figure:
    """A KPI with its change from the period before."""
    now, before = compared.now.get(name), compared.before.get(name)
    kpi = _DEFINED.get(name)
    title = kpi.titles[language] if kpi else text(language, f"console.{name}")
    unit, better = (kpi.unit, kpi.better) if kpi else ("milliseconds", "lower")

    def shown(value: float | None) -> str:
        match unit:
            case "share":
                return formats.share(value)
            case "seconds":
                return formats.duration(value)
            case "milliseconds":
                return formats.milliseconds(value)
            case "points":
                return formats.number(value, 2)
        return formats.number(value)

    change, verdict = "", ""
    if now is not None and before is not None:
        difference = now - before
        if unit == "share":
            size = f"{formats.number(abs(difference) * 100, 1)} {text(language, 'console.points')}"
        elif unit == "count":
            size = formats.share(abs(difference) / before if before else None)
        else:
            size = shown(abs(difference))
        # A change that shows only zeros is none.
        is_seen = any(digit in size for digit in "123456789")
        sign = ("+" if difference > 0 else "−") if is_seen else "±"
        change = f"{sign}{size}" if size != NOTHING else ""
        if is_seen and better != "neither":
            verdict = "better" if (difference > 0) == (better == "higher") else "worse"
    return Figure(name, title, shown(now), shown(before), change, verdict)


def add_overview(blueprint: Blueprint, scene: Scene, database: Database) -> None:
    """The pages /console and /console/flows/FLOW."""

    def formats() -> Formats:
        return Formats(g.interface_language, scene.zone)

    def course(scope: Scope) -> list[Interval]:
        days = (scope.until - scope.since).days
        return scene.analytics.course(scope, "hour" if days <= _HOURLY_UP_TO_DAYS else "day")

    @blueprint.get("")
    @needs("numbers")
    def overview() -> str:
        language = g.interface_language
        chosen, scope = chosen_scope(request.args, scene.now(), scene.zone)
        compared = scene.analytics.compared(scope)
        pack = scene.pack()
        return render_template(
            "operators/overview.html",
            chosen=chosen,
            periods=PERIODS,
            packs=[pack.name] if pack else [],
            figures=[figure(name, compared, language, formats()) for name in _SHOWN],
            has_calls=bool(compared.now.get("calls")),
            course=_course(course(scope)),
            flows=[(scene.title(flow.flow, language), flow) for flow in scene.analytics.flows(scope)],
            intents=_subjects(scene, scene.analytics.intents(scope, limit=40), language)[:12],
            rising=_subjects(scene, scene.analytics.rising(scope), language)[:5],
            feelings=_shares(scene.analytics.feelings(scope)),
            reasons=[
                _reason(scene, one, language) for one in by_reason(database, scope, most=_LEFT_LOOKED_AT)[:_REASONS]
            ],
        )

    @blueprint.get("/flows/<flow>")
    @needs("numbers")
    def flow_page(flow: str) -> str:
        language = g.interface_language
        chosen, scope = chosen_scope(request.args, scene.now(), scene.zone)
        steps = scene.analytics.funnel(scope, flow)
        known = scene.pack()
        if not steps and (known is None or flow not in known.flows):
            abort(404)
        return render_template(
            "operators/flow.html",
            chosen=chosen,
            periods=PERIODS,
            packs=[known.name] if known else [],
            flow=flow,
            title=scene.title(flow, language),
            steps=[(scene.step_title(step.step, language), step) for step in steps],
            leaving=[
                (scene.step_title(one.step, language), one, _named_reasons(one, language))
                for one in by_step(scene.analytics, database, scope, flow)[:_STEPS_LEFT]
            ],
            # What the bot said last repeats what the caller told it.
            with_words=(who := reader()) is not None and who.may("calls"),
        )


def _course(intervals: Sequence[Interval]) -> dict[str, Any]:
    """Columns for the chart: seconds since 1970, and a value for each."""
    names = ("calls", "containment", "understanding_rate", RESPONSE_TIMES[0], RESPONSE_TIMES[2])
    return {
        "at": [interval.begins.timestamp() for interval in intervals],
        **{name: [interval.figures.get(name) for interval in intervals] for name in names},
    }


def _named_reasons(step: StepLeaving, language: str) -> list[tuple[str, int]]:
    return [(REASONS[reason][language], count) for reason, count in step.reasons.items()]


def _reason(scene: Scene, one: ReasonLeaving, language: str) -> tuple[str, ReasonLeaving, tuple[str, str]]:
    """A reason in words, and the flow and step where it was found most."""
    flow, _, step = next(iter(one.steps)).partition(" ")
    where = f"{scene.title(flow, language)} · {scene.step_title(step, language)}"
    return REASONS[one.reason][language], one, (flow, where)


def _subjects(scene: Scene, intents: Sequence[IntentFigures], language: str) -> list[tuple[str, IntentFigures]]:
    """What callers call about, with its title: not the yes and no of the conversation itself."""
    pack = scene.pack()
    return [
        (scene.title(one.intent, language), one)
        for one in intents
        if pack is None or one.intent in pack.flows or one.intent in pack.faq or one.intent not in _named(pack)
    ]


def _named(pack: Pack) -> frozenset[str]:
    """Every intent that the pack has a name for."""
    return frozenset(name for words in pack.languages.values() for name in words.titles)


_FEELINGS = ("angry", "displeased", "neutral", "glad")


def _shares(feelings: dict[str, int]) -> list[tuple[str, int, float]]:
    total = sum(feelings.values())
    return [(name, feelings.get(name, 0), feelings.get(name, 0) / total) for name in _FEELINGS] if total else []
