"""What is sent to more than one operation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, field_validator

from voicebot.analytics.scope import Scope
from voicebot.console.api.operations import Asked

Name = Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
Cursor = Annotated[str, Field(max_length=60, pattern=r"^[-0-9.]*$")]
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def sensible(value: datetime | None) -> datetime | None:
    """A moment that a call can have."""
    if value is not None and not _FIRST <= value <= _LAST:
        raise ValueError("write a moment between the years 2000 and 2100")
    return value


class Paged(Asked):
    """A list."""

    after: Cursor = ""
    limit: int = Field(50, ge=1, le=1000)


class Period(Asked):
    """Which calls a figure is about; by default those of the last seven days."""

    since: AwareDatetime | None = None
    """By default seven days before `until`."""
    until: AwareDatetime | None = None
    """By default now."""
    pack: Name = ""
    language: Name = ""
    channel: Name = ""
    version: Name = ""

    _sensible = field_validator("since", "until")(sensible)

    def scope(self, now: datetime) -> Scope:
        """Raises ScopeError."""
        until = self.until or now
        since = self.since or until - timedelta(days=7)
        return Scope(since, until, self.pack, self.language, self.channel, self.version)
