"""Opening hours: when people answer, when they do next, and how that is said. Public holidays need no network.

The holidays are those of the `holidays` library, which computes the lunar ones and the substitute ones; what a
government decrees at short notice is written into `closed`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOK_AHEAD_DAYS = 60
MIDNIGHT = 24 * 60
"""Minutes of a day."""

Outside = Literal["choice", "voicemail", "callback", "message"]
"""What callers get while nobody answers: the choice between call-back and voicemail, one of them, or only the hours."""

Spans = tuple[tuple[int, int], ...]
"""Minutes of the day, from and to; beyond 1440 they are the next day's."""


def _spans(value: object) -> Spans:
    spans = []
    for span in value if isinstance(value, list | tuple) else str(value).split(","):
        found = re.fullmatch(r"\s*(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)\s*", str(span))
        if found is None:
            raise ValueError(f"{span!r} is no time of day; write it as 09:00-18:00")
        begin, end = (int(hour) * 60 + int(minute) for hour, minute in (found.group(1, 2), found.group(3, 4)))
        if max(begin, end) > MIDNIGHT or max(found[2], found[4]) >= "60":
            raise ValueError(f"{span!r} is no time of day; the last one is 24:00")
        spans.append((begin, end if end > begin else end + MIDNIGHT))
    return tuple(sorted(spans))


def _week(value: object) -> Mapping[str, Spans]:
    if not isinstance(value, Mapping):
        raise ValueError("write days with their times, such as mon-fri: 09:00-18:00")
    week: dict[str, Spans] = {}
    for days, written in value.items():
        first, _, last = str(days).lower().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{days!r} names no days; write one of {', '.join(DAYS)}, or a range such as mon-fri")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        for day in DAYS[begin : end + 1] if begin <= end else DAYS[begin:] + DAYS[: end + 1]:
            week[day] = _spans(written)
    return week


class Hours(BaseModel):
    """`hours` in `pack.yaml` or in the configuration, which wins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    open: Annotated[Mapping[str, Any], BeforeValidator(_week)]
    """Times by day or range of days: `mon-fri: 09:00-18:00`; several with commas, 24:00 is midnight."""
    time_zone: str = "Asia/Seoul"
    holidays: str = "KR"
    """Country whose public holidays are closed (ISO 3166-1); empty for none."""
    closed: tuple[date, ...] = ()
    """Further days without service."""
    also_open: tuple[date, ...] = ()
    """Public holidays with service as on another day of their name."""
    outside: Outside = "choice"

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone {value}; write one such as Asia/Seoul") from None
        return value

    @field_validator("holidays")
    @classmethod
    def _is_country(cls, value: str) -> str:
        if value:
            _public_holidays(value)
        return value


@functools.cache
def _public_holidays(country: str) -> Any:
    import holidays

    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        raise ValueError(f"no public holidays are known of {country!r}; write KR, or nothing") from None


class OpeningHours:
    """When people answer. Without `hours`, always."""

    def __init__(self, hours: Hours | None) -> None:
        self._hours = hours
        self._zone = ZoneInfo(hours.time_zone if hours else "Asia/Seoul")

    @property
    def outside(self) -> Outside:
        """What callers get while nobody answers."""
        return self._hours.outside if self._hours else "choice"

    @property
    def week(self) -> tuple[Spans, ...] | None:
        """Monday to Sunday; None where people always answer."""
        return None if self._hours is None else tuple(self._hours.open.get(day, ()) for day in DAYS)

    @property
    def zone(self) -> ZoneInfo:
        """Where the times hold."""
        return self._zone

    def is_holiday(self, at: datetime) -> bool:
        """Whether the day is closed as a public holiday or by name; `at` is an aware time."""
        return self._is_closed_day(at.astimezone(self._zone).date())

    def is_open(self, at: datetime) -> bool:
        """Whether people answer at this (aware) time."""
        local = at.astimezone(self._zone)
        return self._hours is None or any(begin <= local < end for begin, end in self._around(local.date()))

    def next_opening(self, at: datetime) -> datetime | None:
        """When people answer next, in the hours' own zone: `at` itself where they do; None within 60 days never."""
        local = at.astimezone(self._zone)
        if self.is_open(local):
            return local
        for ahead in range(_LOOK_AHEAD_DAYS):
            for begin, _ in self._on(local.date() + timedelta(days=ahead)):
                if begin > local:
                    return begin
        return None

    def _around(self, day: date) -> list[tuple[datetime, datetime]]:
        return [*self._on(day - timedelta(days=1)), *self._on(day)]

    def _on(self, day: date) -> list[tuple[datetime, datetime]]:
        assert self._hours is not None
        if self._is_closed_day(day):
            return []
        return [(self._at(day, begin), self._at(day, end)) for begin, end in self._hours.open.get(_name(day), ())]

    def _at(self, day: date, minutes: int) -> datetime:
        # By the clock on the wall: an hour that a change of clocks adds or takes away changes nothing written here.
        over, within = divmod(minutes, MIDNIGHT)
        wall = time(within // 60, within % 60)
        return datetime.combine(day + timedelta(days=over), wall, self._zone).astimezone(UTC).astimezone(self._zone)

    def _is_closed_day(self, day: date) -> bool:
        hours = self._hours
        if hours is None or day in hours.also_open:
            return False
        return day in hours.closed or bool(hours.holidays and day in _public_holidays(hours.holidays))


def _name(day: date) -> str:
    return DAYS[day.weekday()]
