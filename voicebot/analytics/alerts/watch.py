"""Rules are checked and people are told, time and again. Every worker tries; the database says whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from voicebot.analytics.alerts.book import AlertBook, AlertEvent, KeptRule
from voicebot.analytics.alerts.rules import AlertRule
from voicebot.analytics.alerts.waiting import waiting_now
from voicebot.analytics.alerts.wording import notification
from voicebot.analytics.figures import Analytics
from voicebot.analytics.scope import Scope
from voicebot.config import Configuration
from voicebot.failure import place
from voicebot.notify.configured import configured
from voicebot.notify.port import Notifier, NotifyError
from voicebot.repeated import Repeated
from voicebot.store.history.database import Database

_log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=60)
"""How often a rule is checked."""
_LOOKS_S = 10.0


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    value: float | None
    """None: nothing can be concluded, because there were too few calls."""
    calls: int
    fires: bool


def check(rule: AlertRule, analytics: Analytics, database: Database, now: datetime) -> Checked:
    """What the rule's figure is now. Raises DatabaseError."""
    if rule.is_of_now:
        callers, longest_s = waiting_now(database, now)
        value = callers if rule.figure == "callers_waiting" else longest_s
        return Checked(value, 0, rule.fires_at(value))
    scope = Scope(now - timedelta(hours=rule.hours), now, rule.pack, rule.language, rule.channel)
    figures = analytics.kpis(scope)
    calls, found = int(figures["calls"] or 0), figures[rule.figure]
    if found is None or calls < rule.min_calls:
        return Checked(None, calls, False)
    return Checked(found, calls, rule.fires_at(found))


class AlertWatch:
    """Checks and tells on a thread of its own, from `start` to `close`."""

    def __init__(
        self,
        book: AlertBook,
        analytics: Analytics,
        database: Database,
        notifiers: Sequence[Notifier],
        *,
        language: str = "ko",
        console: str = "",
    ) -> None:
        """`language`: people are told in. `console`: URL of the service, for a link."""
        self._book, self._analytics, self._database = book, analytics, database
        self._notifiers = {notifier.name: notifier for notifier in notifiers}
        self._language, self._console = language, console
        self._repeated = Repeated("alerts", self.turn, _LOOKS_S, trouble="alert rules could not be checked")

    def start(self) -> None:
        """Not before a fork: threads don't survive it."""
        self._repeated.start()

    def close(self) -> None:
        """Ends soon; what was not told yet is told by the next process."""
        self._repeated.close()

    def turn(self) -> list[AlertEvent]:
        """Check what is due, and tell what is due; the events that came of it. Raises DatabaseError."""
        events = []
        for kept in self._book.claim(EVERY):
            if event := self._check(kept):
                events.append(event)
        self._tell()
        return events

    def _check(self, kept: KeptRule) -> AlertEvent | None:
        checked = check(kept.rule, self._analytics, self._database, self._book.now())
        event = self._book.found(kept, checked.value, checked.calls, tuple(self._notifiers))
        if event is not None:
            _log.warning(
                "alert" if event.state == "firing" else "alert resolved",
                rule=event.rule.name,
                value=event.value,
                threshold=event.rule.threshold,
                told=event.told,
            )
        return event

    def _tell(self) -> None:
        for due in self._book.due():
            notifier = self._notifiers.get(due.channel)
            error = ""
            if notifier is None:
                error = f"{due.channel} is not configured any more."
            else:
                try:
                    notifier.tell(notification(due.event, self._language, self._console))
                except NotifyError as failure:
                    error = str(failure)
                except Exception as failure:  # a defect in one way must not silence the others
                    error = f"telling failed ({type(failure).__name__} in {place(failure)})"
            if error:
                _log.warning("nobody could be told", channel=due.channel, attempt=due.attempt, reason=error)
            self._book.delivered(due, error)


@contextmanager
def watching_alerts(configuration: Configuration, database: Database | None) -> Iterator[None]:
    """Rules are checked and people told while the block lasts; without a history there is nothing to watch.

    Raises ConfigurationError.
    """
    notifiers = configured(configuration)
    if database is None:
        yield
        return
    watch = AlertWatch(
        AlertBook(database),
        Analytics(database, ZoneInfo(configuration.time_zone)),
        database,
        notifiers,
        language=configuration.alert_language or configuration.language,
        console=configuration.public_url,
    )
    watch.start()
    try:
        yield
    finally:
        watch.close()
