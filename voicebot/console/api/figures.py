"""Operations on figures: KPIs, their course, flows, intents, feelings. No words of callers."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from voicebot.analytics.definitions import KPIS, RESPONSE_TIMES
from voicebot.analytics.figures import FlowFigures, FunnelStep, IntentFigures, Leaving
from voicebot.console.api.operations import Api, ApiError
from voicebot.console.api.sent import Period
from voicebot.console.operators.scene import Scene

Figures = dict[str, float | None]


class Kpis(BaseModel):
    """Of a period and of the one of the same length before it; null where there is nothing to divide by."""

    since: AwareDatetime
    until: AwareDatetime
    now: Figures
    before: Figures


class CourseQuery(Period):
    """In which steps."""

    by: Literal["day", "hour"] = "day"


class CourseStep(BaseModel):
    """A day or an hour."""

    begins: AwareDatetime
    figures: Figures


class Course(BaseModel):
    """Steps with calls, in their order."""

    items: list[CourseStep]


class Groups(BaseModel):
    """Figures by the value of what was asked for."""

    items: dict[str, Figures]


class Flows(BaseModel):
    """The most frequent first."""

    items: list[FlowFigures]


class Funnel(BaseModel):
    """A flow's steps in their order, and where and why it was left."""

    steps: list[FunnelStep]
    leaving: list[Leaving]


class Intents(BaseModel):
    """The most frequent first."""

    items: list[IntentFigures]


class Definition(BaseModel):
    """What a figure is called and how it is counted."""

    name: str
    titles: dict[str, str]
    unit: str
    better: str


class Definitions(BaseModel):
    """All figures."""

    items: list[Definition]


class Feelings(BaseModel):
    """Turns of callers by feeling."""

    turns: dict[str, int] = Field(default_factory=dict)


Dimension = Literal["pack", "version", "language", "channel"]


def add_figures(api: Api, scene: Scene) -> None:
    """Under /figures."""
    analytics = scene.analytics

    @api.operation("get", "/figures", "numbers")
    def define_figures() -> Definitions:
        """What figures there are"""
        found = [Definition(name=k.name, titles=dict(k.titles), unit=k.unit, better=k.better) for k in KPIS]
        found += [
            Definition(name=name, titles={"en": name, "ko": name}, unit="milliseconds", better="lower")
            for name in RESPONSE_TIMES
        ]
        return Definitions(items=found)

    @api.operation("get", "/figures/kpis", "numbers")
    def get_kpis(query: Period) -> Kpis:
        """Every KPI of a period, beside those of the period before"""
        scope = query.scope(scene.now())
        compared = analytics.compared(scope)
        return Kpis(since=scope.since, until=scope.until, now=dict(compared.now), before=dict(compared.before))

    @api.operation("get", "/figures/course", "numbers")
    def get_course(query: CourseQuery) -> Course:
        """The KPIs of each day or hour with calls"""
        scope = query.scope(scene.now())
        if query.by == "hour" and (scope.until - scope.since).days > 92:
            raise ApiError(400, "92 days at most can be asked for by the hour; ask by day, or for a shorter period.")
        steps = analytics.course(scope, query.by)
        return Course(items=[CourseStep(begins=step.begins, figures=dict(step.figures)) for step in steps])

    @api.operation("get", "/figures/by/{dimension}", "numbers")
    def get_kpis_by(dimension: Dimension, query: Period) -> Groups:
        """The KPIs of each pack, version, language or channel"""
        if dimension not in Dimension.__args__:  # type: ignore[attr-defined]
            raise ApiError(404, "there are figures by pack, version, language and channel; choose one of them.")
        return Groups(items={name: dict(of) for name, of in analytics.by(query.scope(scene.now()), dimension).items()})

    @api.operation("get", "/figures/flows", "numbers")
    def list_flows(query: Period) -> Flows:
        """What became of each flow"""
        return Flows(items=analytics.flows(query.scope(scene.now())))

    @api.operation("get", "/figures/flows/{flow}", "numbers")
    def get_funnel(flow: str, query: Period) -> Funnel:
        """A flow's steps, how many calls came to each, and where they ended"""
        scope = query.scope(scene.now())
        if "\x00" in flow:
            raise ApiError(404, "there is no such flow; see /api/v1/figures/flows.")
        return Funnel(steps=analytics.funnel(scope, flow), leaving=analytics.leaving(scope, flow))

    @api.operation("get", "/figures/intents", "numbers")
    def list_intents(query: Period) -> Intents:
        """What callers asked for, and what grew"""
        return Intents(items=analytics.intents(query.scope(scene.now())))

    @api.operation("get", "/figures/feelings", "numbers")
    def get_feelings(query: Period) -> Feelings:
        """How callers felt"""
        return Feelings(turns=analytics.feelings(query.scope(scene.now())))
