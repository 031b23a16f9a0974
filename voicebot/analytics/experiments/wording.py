"""What experiments come to, in the words of those who decide: Korean and English."""

from __future__ import annotations

from typing import Literal

from voicebot.analytics.definitions import KPIS
from voicebot.analytics.experiments.assessment import Assessment
from voicebot.analytics.experiments.design import Metric
from voicebot.analytics.experiments.runs import GUARD, Run
from voicebot.analytics.experiments.sequential import Effect

Language = Literal["ko", "en"]

_KPI = {"containment": "containment", "csat": "csat", "duration": "handling_time"}


def metric_title(metric: Metric, language: Language) -> str:
    """What people call it: as the KPI of the same meaning."""
    return next(kpi.titles[language] for kpi in KPIS if kpi.name == _KPI[metric])


def value(metric: Metric, amount: float, language: Language) -> str:
    """A metric's value: 85.2%, 4.31, 96 s."""
    if metric == "containment":
        return f"{amount:.1%}"
    if metric == "csat":
        return f"{amount:.2f}점" if language == "ko" else f"{amount:.2f}"
    return f"{amount:.0f}초" if language == "ko" else f"{amount:.0f} s"


def difference(metric: Metric, amount: float, language: Language) -> str:
    """A difference with its sign: +5.1%p, -0.20, +12 s."""
    sign = "−" if amount < 0 else "+"
    size = abs(amount)
    match metric:
        case "containment":
            return f"{sign}{size * 100:.1f}{'%p' if language == 'ko' else ' points'}"
        case "csat":
            return f"{sign}{size:.2f}{'점' if language == 'ko' else ''}"
        case "duration":
            return f"{sign}{size:.0f}{'초' if language == 'ko' else ' s'}"


def interval(metric: Metric, effect: Effect, language: Language) -> str:
    """From the least to the most that the difference may be."""
    low, high = difference(metric, effect.low, language), difference(metric, effect.high, language)
    return f"{low} ~ {high}" if language == "ko" else f"{low.partition(' ')[0]} to {high}"


def status(found: Assessment, run: Run, language: Language) -> str:
    """How it stands and what to do, in a sentence or two."""
    metric = metric_title(found.metric, language)
    effect = found.effects[found.variant][found.metric] if found.variant else None
    shown = interval(found.metric, effect, language) if effect else ""
    sought = difference(run.design.metric, run.design.effect, language).lstrip("+")
    numbers = {"n": f"{found.callers:,}", "most": f"{found.planned:,}", "variant": found.variant, "metric": metric}
    ended_early = run.state != "running" and found.verdict in ("few", "going")
    said = _STATUS[language]["unfinished" if ended_early else found.verdict].format(
        **numbers, interval=shown, sought=sought
    )
    return f"{said} {_state(run, language)}".strip()


def _state(run: Run, language: Language) -> str:
    ko = language == "ko"
    if run.state == "decided" and run.decision == "adopt":
        return f"{run.chosen} 변형을 적용하기로 했습니다." if ko else f"It was decided to adopt {run.chosen}."
    if run.state == "decided":
        return "지금 콘텐츠를 그대로 두기로 했습니다." if ko else "It was decided to keep the content as it is."
    if run.state == "stopped" and run.ended_by == GUARD:
        return "안전을 위해 자동으로 중지했습니다." if ko else "It was stopped automatically, to be safe."
    if run.state == "stopped":
        return "실험을 중지한 상태입니다." if ko else "The experiment is stopped."
    return ""


_STATUS = {
    "ko": {
        "few": "판단하기에 아직 이릅니다. 지금까지 고객 {n}명을 셌고, 늦어도 {most}명이 되면 결론이 납니다.",
        "going": "아직 어느 쪽이 나은지 분명하지 않습니다. "
        "지금까지 고객 {n}명을 셌고, 늦어도 {most}명이 되면 결론이 납니다.",
        "unfinished": "고객 {n}명을 센 상태에서 결론 없이 끝났습니다.",
        "winner": "{variant} 변형이 더 낫습니다. {metric} 차이는 {interval}입니다. 적용할지 결정해 주세요.",
        "harm": "{variant} 변형이 더 나쁩니다. {metric} 차이는 {interval}입니다. 실험을 중지하는 것이 좋습니다.",
        "none": "고객 {n}명을 확인했지만 찾던 차이({sought})는 나타나지 않았습니다. "
        "지금 콘텐츠를 그대로 두셔도 됩니다.",
        "split": "변형마다 배정된 고객 수가 정해진 비율과 맞지 않아 결과를 믿을 수 없습니다. "
        "통화가 어디서 사라지는지 먼저 확인해 주세요.",
    },
    "en": {
        "few": "It is too early to tell. "
        "So far {n} callers were counted; there is an answer with {most} at the latest.",
        "going": "It is not clear yet which is better. "
        "So far {n} callers were counted; there is an answer with {most} at the latest.",
        "unfinished": "It ended with {n} callers, before anything was clear.",
        "winner": "{variant} is better: {metric} differs by {interval}. Please decide whether to adopt it.",
        "harm": "{variant} is worse: {metric} differs by {interval}. The experiment should be stopped.",
        "none": "With {n} callers, the difference that was looked for ({sought}) did not show. "
        "The content can stay as it is.",
        "split": "Variants did not get the shares of callers that were set, so that the results can't be trusted. "
        "Find out first where calls get lost.",
    },
}
