"""The KPIs: each is defined here, once. docs/kpis.md says the same in words; a test holds the two together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Sums = Mapping[str, float]
"""The columns of `hourly_calls`, added up over a period."""


@dataclass(frozen=True)
class Kpi:
    """One figure."""

    name: str
    titles: Mapping[str, str]
    """By language."""
    unit: Literal["share", "count", "seconds", "milliseconds", "points"]
    better: Literal["higher", "lower", "neither"]
    of: Callable[[Sums], float | None]
    """None where there is nothing to divide by."""


def _share(part: str, *whole: str) -> Callable[[Sums], float | None]:
    def of(sums: Sums) -> float | None:
        total = sum(sums[name] for name in whole)
        return sums[part] / total if total else None

    return of


def _mean(total: str, number: str, scale: float = 1.0) -> Callable[[Sums], float | None]:
    def of(sums: Sums) -> float | None:
        return sums[total] / sums[number] * scale if sums[number] else None

    return of


def _count(name: str) -> Callable[[Sums], float | None]:
    return lambda sums: sums[name]


KPIS = (
    Kpi("calls", {"ko": "통화 수", "en": "Calls"}, "count", "neither", _count("calls")),
    Kpi(
        "containment",
        {"ko": "상담원 없이 해결한 비율", "en": "Containment"},
        "share",
        "higher",
        _share("contained", "engaged"),
    ),
    Kpi(
        "first_call_resolution",
        {"ko": "첫 통화 해결률", "en": "First-call resolution"},
        "share",
        "higher",
        _share("first_call_resolved", "callers_known"),
    ),
    Kpi(
        "hand_over_rate",
        {"ko": "상담원 연결 비율", "en": "Handed over"},
        "share",
        "lower",
        _share("handed_over", "calls"),
    ),
    Kpi(
        "understanding_rate",
        {"ko": "이해율", "en": "Understanding rate"},
        "share",
        "higher",
        _share("understood_turns", "caller_turns"),
    ),
    Kpi(
        "no_match_rate",
        {"ko": "이해하지 못한 비율", "en": "No-match rate"},
        "share",
        "lower",
        _share("unmatched_turns", "caller_turns"),
    ),
    Kpi(
        "no_input_rate",
        {"ko": "무응답 비율", "en": "No-input rate"},
        "share",
        "lower",
        _share("silent_turns", "caller_turns", "silent_turns"),
    ),
    Kpi(
        "correction_rate",
        {"ko": "고쳐 말한 비율", "en": "Correction rate"},
        "share",
        "lower",
        _share("corrections", "caller_turns"),
    ),
    Kpi("csat", {"ko": "고객 만족도", "en": "CSAT"}, "points", "higher", _mean("csat_points", "rated")),
    Kpi("satisfied", {"ko": "만족 비율", "en": "Satisfied callers"}, "share", "higher", _share("satisfied", "rated")),
    Kpi(
        "rated_share",
        {"ko": "평가 참여율", "en": "Calls that were rated"},
        "share",
        "neither",
        _share("rated", "calls"),
    ),
    Kpi(
        "handling_time",
        {"ko": "평균 통화 시간", "en": "Handling time"},
        "seconds",
        "lower",
        _mean("duration_ms", "calls", 0.001),
    ),
    Kpi(
        "wait_for_person",
        {"ko": "상담원 대기 시간", "en": "Wait for a person"},
        "seconds",
        "lower",
        _mean("people_waited_ms", "people_answered", 0.001),
    ),
    Kpi("valence", {"ko": "평균 감정", "en": "Mean feeling"}, "points", "higher", _mean("valence_sum", "felt")),
    Kpi("upset_share", {"ko": "불만 통화 비율", "en": "Upset at the end"}, "share", "lower", _share("upset", "felt")),
    Kpi("failed_share", {"ko": "오류 통화 비율", "en": "Failed calls"}, "share", "lower", _share("failed", "calls")),
)
"""What is computed from sums. Beside these stand the percentiles of the response time (`PERCENTILES`)."""

PERCENTILES = (50, 90, 95, 99)
RESPONSE_TIMES = tuple(f"response_p{percent}" for percent in PERCENTILES)
"""How long callers waited for an answer, in milliseconds, from the end of their speech to its first sound."""
