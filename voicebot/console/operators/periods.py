"""The period and the filters that pages of figures share, as their URL has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from voicebot.analytics.scope import Scope, ScopeError

PERIODS: Mapping[str, int] = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
"""Days, the running one included."""
_DEFAULT = "7d"


@dataclass(frozen=True)
class Chosen:
    """What a reader chose."""

    period: str
    """A key of PERIODS, or `days` for a first and last day of the reader's own."""
    since: str
    until: str
    """ISO dates, the last day included."""
    pack: str
    language: str
    channel: str
    problem: bool
    """Whether the reader's days made no sense, so that the usual period is shown."""


def chosen_scope(arguments: Mapping[str, str], now: datetime, zone: ZoneInfo) -> tuple[Chosen, Scope]:
    """The choice in a URL's query, and the scope it stands for. Never raises for a reader's mistakes."""
    named = {name: arguments.get(name, "")[:80] for name in ("pack", "language", "channel")}
    today = now.astimezone(zone).date()
    tomorrow = datetime.combine(today + timedelta(days=1), time(), zone)
    period = arguments.get("period", "")
    problem = False
    if period == "days":
        try:
            first = datetime.fromisoformat(arguments.get("since", "")).replace(tzinfo=zone)
            last = datetime.fromisoformat(arguments.get("until", "")).replace(tzinfo=zone)
            scope = Scope(first, last + timedelta(days=1), **named)
            return Chosen(period, first.date().isoformat(), last.date().isoformat(), **named, problem=False), scope
        except (ValueError, OverflowError, ScopeError):
            problem = True
    if period not in PERIODS:
        period = _DEFAULT
    begin = datetime.combine(tomorrow.date() - timedelta(days=PERIODS[period]), time(), zone)
    shown = begin.date().isoformat(), today.isoformat()
    return Chosen(period, *shown, **named, problem=problem), Scope(begin, tomorrow, **named)
