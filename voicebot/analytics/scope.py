"""Which calls a figure is about, and how time is cut into days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, Table

from voicebot.errors import VoicebotError
from voicebot.store.history.tables import milliseconds

_HOUR = timedelta(hours=1)
_MS = 3_600_000
LONGEST = timedelta(days=3660)


class ScopeError(VoicebotError):
    """A period or a grouping that makes no sense."""


@dataclass(frozen=True)
class Scope:
    """Calls that began in [since, until), taken by the whole hour; an empty name stands for all."""

    since: datetime
    """Aware, as `until`."""
    until: datetime
    pack: str = ""
    language: str = ""
    channel: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise ScopeError("a period needs a time zone at both ends; write for example 2026-11-01T00:00+09:00.")
        if not timedelta(0) < self.until - self.since <= LONGEST:
            raise ScopeError("a period must end after it begins and last ten years at most; choose other dates.")

    @property
    def hours(self) -> tuple[int, int]:
        """The first hour since 1970, and the one behind the last."""
        return milliseconds(self.since) // _MS, -(-milliseconds(self.until) // _MS)

    @property
    def before(self) -> Scope:
        """The period of the same length that ends where this one begins."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)

    def conditions(self, table: Table) -> list[ColumnElement[bool]]:
        """What must hold for a row of one of the hourly tables."""
        first, end = self.hours
        named = ((name, getattr(self, name)) for name in ("pack", "language", "channel", "version"))
        return [
            table.c.hour >= first,
            table.c.hour < end,
            *(table.c[name] == value for name, value in named if value),
        ]

    def of_one_offset(self, zone: tzinfo) -> Iterator[tuple[Scope, int]]:
        """The period cut where the zone's clocks change, with the offset from UTC in hours (rounded) in each part."""
        begin, offset = self.since, _offset(self.since, zone)
        at = self.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while (at := at + 24 * _HOUR) < self.until:
            if (new := _offset(at, zone)) != offset:
                changed = at - 24 * _HOUR
                while _offset(changed, zone) == offset:
                    changed += _HOUR
                yield replace(self, since=begin, until=changed), offset
                begin, offset = changed, new
        yield replace(self, since=begin), offset


def _offset(at: datetime, zone: tzinfo) -> int:
    offset = at.astimezone(zone).utcoffset() or timedelta(0)
    return round(offset / _HOUR)


def first_moment(hour: int) -> datetime:
    """When an hour since 1970 begins."""
    return datetime(1970, 1, 1, tzinfo=UTC) + hour * _HOUR
