"""What an alert rule says, and files of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from voicebot.analytics.definitions import KPIS, RESPONSE_TIMES
from voicebot.errors import VoicebotError
from voicebot.yaml_file import YamlFile

MOST_RULES = 200


class RuleError(VoicebotError):
    """A rule that can't be used, or that there isn't."""


@dataclass(frozen=True)
class AlertFigure:
    """What a rule may watch."""

    name: str
    titles: Mapping[str, str]
    unit: Literal["share", "count", "seconds", "milliseconds", "points"]
    now: bool = False
    """Whether it is the state of this moment, and not a figure of a period's calls."""


_NOW = (
    AlertFigure("callers_waiting", {"ko": "상담원 대기 인원", "en": "Callers waiting for a person"}, "count", True),
    AlertFigure(
        "longest_wait", {"ko": "최장 상담원 대기 시간", "en": "Longest wait for a person now"}, "seconds", True
    ),
)
FIGURES: Mapping[str, AlertFigure] = {
    figure.name: figure
    for figure in (
        *(AlertFigure(kpi.name, kpi.titles, kpi.unit) for kpi in KPIS),
        *(
            AlertFigure(
                name,
                {"ko": f"응답 시간 {name[10:]}%", "en": f"Response time, {name[10:]}th percentile"},
                "milliseconds",
            )
            for name in RESPONSE_TIMES
        ),
        *_NOW,
    )
}
"""Every KPI, the percentiles of the response time, and who waits for a person just now."""

Direction = Literal["above", "below"]


class AlertRule(BaseModel):
    """One rule. It fires while its figure lies beyond the threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    """One line, for people; no two rules share one."""
    figure: str
    """A key of FIGURES."""
    direction: Direction
    """It fires when the figure is `above` or `below` the threshold; on it, it does not."""
    threshold: float
    """A share from 0 to 1, a number, seconds, or milliseconds, as the figure's unit is."""
    hours: int = Field(1, ge=1, le=24 * 31)
    """The figure is that of so many hours back and the running one."""
    pack: str = Field("", max_length=80)
    """Of which calls; empty for all."""
    language: str = Field("", max_length=10)
    channel: str = Field("", max_length=20)
    min_calls: int = Field(20, ge=0, le=1_000_000)
    """With fewer calls than this, nothing is concluded and the state stays."""
    cool_down_min: int = Field(60, ge=0, le=7 * 24 * 60)
    """Minutes after people were told, in which they are not told of it again, whatever the figure does."""
    enabled: bool = True

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable() or not value.strip():
            raise ValueError("write one line of text")
        return value.strip()

    @field_validator("figure")
    @classmethod
    def _is_figure(cls, value: str) -> str:
        if value not in FIGURES:
            raise ValueError(f"choose one of: {', '.join(FIGURES)}")
        return value

    @model_validator(mode="after")
    def _is_possible(self) -> AlertRule:
        if not math.isfinite(self.threshold):
            raise ValueError("write a number for the threshold")
        if FIGURES[self.figure].unit == "share" and not 0 <= self.threshold <= 1:
            raise ValueError("the threshold of a share lies between 0 and 1; write 0.7 for 70 %")
        if self.is_of_now and (self.pack or self.language or self.channel):
            raise ValueError("who waits for a person is counted over all calls; leave pack, language and channel out")
        return self

    @property
    def is_of_now(self) -> bool:
        """Whether the figure is the state of this moment."""
        return FIGURES[self.figure].now

    def fires_at(self, value: float) -> bool:
        """Whether this value is beyond the threshold."""
        return value > self.threshold if self.direction == "above" else value < self.threshold


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[AlertRule] = Field(max_length=MOST_RULES)


def read_rules(path: Path) -> list[AlertRule]:
    """The rules in a YAML file, `rules: [{name: ..., figure: ...}]`. Raises ContentError, RuleError."""
    rules = YamlFile(path).read(_File).rules
    names = [rule.name for rule in rules]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RuleError(f"{path}: two rules are called {twice!r}; rename one.")
    return rules
