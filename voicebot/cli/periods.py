"""The options that choose a period: `--since` and `--until`."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Annotated

import typer

from voicebot.errors import VoicebotError

Since = Annotated[str, typer.Option(help="From then on: 2026-11-01, 2026-11-01T09:00, or 30d for days ago.")]
Until = Annotated[str, typer.Option(help="Up to this moment, or to the end of this day.")]


class PeriodError(VoicebotError):
    """A day or moment that can't be read."""


def since(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """When a period begins; None where nothing is said. Raises PeriodError."""
    if not text:
        return None
    if text.endswith("d") and text[:-1].isascii() and text[:-1].isdigit() and len(text) <= 5:
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=int(text[:-1]))
    return _moment(text, zone)


def until(text: str, zone: tzinfo) -> datetime | None:
    """When a period ends: a day is taken to its end. None where nothing is said. Raises PeriodError."""
    if not text:
        return None
    at = _moment(text, zone)
    return at + timedelta(days=1) if len(text) == len("2026-11-01") else at


def _moment(text: str, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"{text[:40]!r} is no day or moment; write 2026-11-01 or 2026-11-01T09:00.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)
