"""What people are told when a rule begins or ceases to fire, in Korean and English."""

from __future__ import annotations

from voicebot.analytics.alerts.book import AlertEvent
from voicebot.analytics.alerts.rules import FIGURES, AlertRule
from voicebot.notify.port import Notification

_UNITS = {"ko": {"seconds": "초", "milliseconds": "밀리초"}, "en": {"seconds": " s", "milliseconds": " ms"}}


def shown(rule: AlertRule, value: float, language: str) -> str:
    """A value of the rule's figure as people read it: `61.5%`, `1,200 ms`."""
    unit = FIGURES[rule.figure].unit
    if unit == "share":
        return f"{value * 100:.1f}%"
    digits = 2 if unit == "points" else 0 if unit == "milliseconds" or value == round(value) else 1
    return f"{value:,.{digits}f}{_UNITS[language].get(unit, '')}"


def condition(rule: AlertRule, language: str) -> str:
    """When it fires: `70.0% 미만`, `below 70.0%`."""
    limit = shown(rule, rule.threshold, language)
    if language == "ko":
        return f"{limit} {'초과' if rule.direction == 'above' else '미만'}"
    return f"{rule.direction} {limit}"


def scope(rule: AlertRule, language: str) -> str:
    """Which calls it is about."""
    named = " · ".join(part for part in (rule.pack, rule.language, rule.channel) if part)
    if rule.is_of_now:
        return "현재" if language == "ko" else "now"
    period = f"최근 {rule.hours}시간" if language == "ko" else f"last {rule.hours} h"
    return f"{period} · {named}" if named else period


def notification(event: AlertEvent, language: str, console: str = "") -> Notification:
    """What is told of the event. `console`: the URL of the service's pages, empty where it is not known."""
    rule, fires = event.rule, event.state == "firing"
    figure = FIGURES[rule.figure]
    value = shown(rule, event.value, language)
    if language == "ko":
        subject = f"[voicebot] {'경고' if fires else '해소'}: {rule.name}"
        lines = [
            f"알림 규칙 ‘{rule.name}’의 조건에 해당합니다."
            if fires
            else f"알림 규칙 ‘{rule.name}’의 조건에서 벗어났습니다.",
            "",
            f"지표: {figure.titles['ko']}",
            f"현재 값: {value}",
            f"알림 기준: {condition(rule, 'ko')}",
            f"범위: {scope(rule, 'ko')}",
        ]
        if not rule.is_of_now:
            lines.append(f"통화 수: {event.calls:,}건")
    else:
        subject = f"[voicebot] {'Firing' if fires else 'Resolved'}: {rule.name}"
        lines = [
            f"The alert rule “{rule.name}” {'fires' if fires else 'does not fire any more'}.",
            "",
            f"Figure: {figure.titles['en']}",
            f"Value: {value}",
            f"Fires: {condition(rule, 'en')}",
            f"Scope: {scope(rule, 'en')}",
        ]
        if not rule.is_of_now:
            lines.append(f"Calls: {event.calls:,}")
    if console:
        lines += ["", f"{console}/console/alerts"]
    details = {
        "state": event.state,
        "rule": rule.model_dump(),
        "value": event.value,
        "calls": event.calls,
    }
    return Notification(f"alert-{event.id}", event.at, subject, "\n".join(lines) + "\n", details)
