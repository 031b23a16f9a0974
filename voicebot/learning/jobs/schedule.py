"""When work is due: once a day or once a week, at a time of the configured zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Schedule:
    """A time of day, on every day or on one of the week."""

    hour: int
    minute: int = 0
    weekday: int | None = None
    """0 is Monday; None: every day."""

    def latest(self, now: datetime, zone: tzinfo) -> datetime:
        """The moment at which the work was due last; aware, in `zone`. A time that clocks leap over is taken at the
        moment that it would have been."""
        at = now.astimezone(zone).replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        while at > now or self.weekday not in (None, at.weekday()):
            at -= timedelta(days=1)
        return at

    def next(self, now: datetime, zone: tzinfo) -> datetime:
        """The moment at which it is due next, after `now`."""
        at = self.latest(now, zone)
        while at <= now or self.weekday not in (None, at.weekday()):
            at += timedelta(days=1)
        return at

    def __str__(self) -> str:
        """`daily 03:10` or `mon 07:00`."""
        day = "daily" if self.weekday is None else _DAYS[self.weekday]
        return f"{day} {self.hour:02}:{self.minute:02}"

    @property
    def cron(self) -> dict[str, str]:
        """The same as the fields of a crontab, Sunday being 0."""
        day = "*" if self.weekday is None else str((self.weekday + 1) % 7)
        return {"minute": str(self.minute), "hour": str(self.hour), "day_of_week": day}
