"""Where rules, what they found and who was told are kept. Several processes may share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from voicebot.analytics.alerts.rules import MOST_RULES, AlertRule, RuleError
from voicebot.store.alert_tables import alert_deliveries, alert_events, alert_rules
from voicebot.store.history.database import Database, DatabaseError

State = Literal["ok", "firing"]

RETRY_S = (10, 60, 300, 900, 3600)
"""Pauses between attempts to tell people; after the last one it is given up."""
_KEPT = timedelta(days=730)
"""How long what happened is kept."""
NO_RULE = 0
"""In place of a rule's number, for what happened without one."""


@dataclass(frozen=True)
class KeptRule:
    """A rule with what is known of it."""

    id: int
    rule: AlertRule
    state: State
    since: datetime
    checked: datetime | None
    value: float | None
    """What the last check found; None: too few calls."""
    told: bool
    """Whether people know that it fires."""
    told_at: datetime | None
    changed: datetime
    changed_by: str


@dataclass(frozen=True)
class AlertEvent:
    """A rule changed its state."""

    id: int
    rule_id: int
    rule: AlertRule
    at: datetime
    state: State
    value: float
    calls: int
    told: bool
    """Whether people were to be told: not within the cool-down."""
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """One way in which an event is told."""

    channel: str
    attempts: int
    delivered: datetime | None
    error: str | None
    given_up: bool


@dataclass(frozen=True)
class Due:
    """A delivery that is this process's to attempt now."""

    id: int
    channel: str
    attempt: int
    """From 1."""
    event: AlertEvent


@dataclass(frozen=True)
class Transition:
    """A rule's state changes."""

    state: State
    tell: bool
    """Whether people are told."""


def transition(
    rule: AlertRule, state: State, told: bool, told_at: datetime | None, value: float, now: datetime
) -> Transition | None:
    """What a new value changes; None for nothing.

    `told`: whether people know that the rule fires; `told_at`: when they were last told that it does. Within the
    cool-down after that they are not told again, nor of the end of what they don't know of.
    """
    if rule.fires_at(value) == (state == "firing"):
        return None
    if state == "firing":
        return Transition("ok", told)
    return Transition("firing", told_at is None or now - told_at >= timedelta(minutes=rule.cool_down_min))


class AlertBook:
    """Blocking; callable from any thread. Every method raises DatabaseError."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self.now = database, now

    # Rules

    def rules(self) -> tuple[KeptRule, ...]:
        """All rules by name."""
        with self._database.reading() as connection:
            return tuple(_kept(row) for row in connection.execute(select(alert_rules).order_by(alert_rules.c.name)))

    def find(self, rule_id: int) -> KeptRule | None:
        with self._database.reading() as connection:
            row = connection.execute(select(alert_rules).where(alert_rules.c.id == rule_id)).first()
        return _kept(row) if row is not None else None

    def add(self, rule: AlertRule, by: str) -> KeptRule:
        """Raises RuleError for a name that is taken, or one rule too many."""
        now = self.now()
        values = {"name": rule.name, "definition": rule.model_dump(), "since": now, "changed": now, "changed_by": by}
        try:
            with self._database.writing() as connection:
                if connection.execute(select(func.count()).select_from(alert_rules)).scalar_one() >= MOST_RULES:
                    raise RuleError(f"there are {MOST_RULES} rules already; delete one that is not needed.")
                row = connection.execute(insert(alert_rules).values(values).returning(*alert_rules.c)).one()
                return _kept(row)
        except DatabaseError as error:
            raise _taken(error, rule) from None

    def change(self, rule_id: int, rule: AlertRule, by: str) -> KeptRule | None:
        """None where there is no such rule. It begins anew as one that does not fire. Raises RuleError."""
        now = self.now()
        values = {"name": rule.name, "definition": rule.model_dump(), "changed": now, "changed_by": by}
        anew = {"state": "ok", "since": now, "checked": None, "value": None, "told": False, "told_at": None}
        r = alert_rules.c
        try:
            with self._database.writing() as connection:
                row = connection.execute(
                    update(alert_rules).where(r.id == rule_id).values({**values, **anew}).returning(*r)
                ).first()
        except DatabaseError as error:
            raise _taken(error, rule) from None
        return _kept(row) if row is not None else None

    def remove(self, rule_id: int) -> bool:
        """Whether there was such a rule. What it did stays."""
        with self._database.writing() as connection:
            return bool(connection.execute(delete(alert_rules).where(alert_rules.c.id == rule_id)).rowcount)

    def load(self, rules: Sequence[AlertRule], by: str) -> tuple[int, int]:
        """Make these the rules by their names: how many were added or changed, and how many removed."""
        known = {kept.rule.name: kept for kept in self.rules()}
        changed = 0
        for rule in rules:
            before = known.pop(rule.name, None)
            if before is None:
                self.add(rule, by)
            elif before.rule != rule:
                self.change(before.id, rule, by)
            else:
                continue
            changed += 1
        for kept in known.values():
            self.remove(kept.id)
        return changed, len(known)

    # Checking

    def claim(self, every: timedelta) -> list[KeptRule]:
        """Rules that this process is to check now: no other one does, until so much time has passed."""
        now = self.now()
        r = alert_rules.c
        is_due = r.checked.is_(None) | (r.checked <= now - every)
        with self._database.reading() as connection:
            if connection.execute(select(r.id).where(is_due).limit(1)).first() is None:
                return []
        with self._database.writing() as connection:
            rows = connection.execute(update(alert_rules).where(is_due).values(checked=now).returning(*r))
            return [kept for kept in map(_kept, rows) if kept.rule.enabled]

    def found(self, kept: KeptRule, value: float | None, calls: int, channels: Sequence[str]) -> AlertEvent | None:
        """Put a check's result down. Where the state changed: the event, with a delivery for each channel due now."""
        now, rule = self.now(), kept.rule
        r = alert_rules.c
        same = (r.id == kept.id, r.changed == kept.changed, r.state == kept.state)
        if value is None:
            with self._database.writing() as connection:
                connection.execute(update(alert_rules).where(*same).values(value=None))
            return None
        step = transition(rule, kept.state, kept.told, kept.told_at, value, now)
        if step is None:
            with self._database.writing() as connection:
                connection.execute(update(alert_rules).where(*same).values(value=value))
            return None
        fires = step.state == "firing"
        values = {"state": step.state, "since": now, "value": value, "told": step.tell and fires}
        if step.tell and fires:
            values["told_at"] = now
        with self._database.writing() as connection:
            if not connection.execute(update(alert_rules).where(*same).values(values)).rowcount:
                return None  # somebody changed the rule meanwhile
            return self._put(connection, kept.id, rule, step.state, value, calls, channels if step.tell else None)

    def happened(self, rule: AlertRule, value: float, calls: int, channels: Sequence[str]) -> AlertEvent:
        """Something happened that no rule in the book watches; `rule` says what, in a rule's terms. People are told."""
        with self._database.writing() as connection:
            return self._put(connection, NO_RULE, rule, "firing", value, calls, channels)

    def _put(
        self,
        connection: Connection,
        rule_id: int,
        rule: AlertRule,
        state: State,
        value: float,
        calls: int,
        channels: Sequence[str] | None,
    ) -> AlertEvent:
        """`channels` None: nobody is to be told."""
        now = self.now()
        row = connection.execute(
            insert(alert_events)
            .values(
                rule_id=rule_id,
                name=rule.name,
                definition=rule.model_dump(),
                at=now,
                state=state,
                value=value,
                calls=calls,
                told=channels is not None,
            )
            .returning(*alert_events.c)
        ).one()
        if channels:
            deliveries = [{"event_id": row.id, "channel": channel, "due": now} for channel in channels]
            connection.execute(insert(alert_deliveries), deliveries)
        connection.execute(delete(alert_events).where(alert_events.c.at < now - _KEPT))
        return _event(row)

    # Telling

    def due(self) -> list[Due]:
        """Deliveries that are this process's to attempt now. Each is taken by the attempt, so that no other has it."""
        now, d = self.now(), alert_deliveries.c
        with self._database.reading() as connection:
            if connection.execute(select(d.id).where(d.due <= now).limit(1)).first() is None:
                return []
        with self._database.writing() as connection:
            rows = connection.execute(select(alert_deliveries).where(d.due <= now).order_by(d.id).limit(50)).all()
            found = []
            for row in rows:
                attempt = row.attempts + 1
                pause = RETRY_S[row.attempts] if row.attempts < len(RETRY_S) else None
                again = now + timedelta(seconds=pause) if pause is not None else None
                mine = update(alert_deliveries).where(d.id == row.id, d.attempts == row.attempts)
                if not connection.execute(mine.values(attempts=attempt, due=again)).rowcount:
                    continue  # another process was quicker
                event = connection.execute(select(alert_events).where(alert_events.c.id == row.event_id)).one()
                found.append(Due(row.id, row.channel, attempt, _event(event)))
            return found

    def delivered(self, due: Due, error: str = "") -> None:
        """How the attempt ended; `error` empty: well."""
        values: Mapping[str, Any] = {"error": error} if error else {"delivered": self.now(), "due": None, "error": None}
        with self._database.writing() as connection:
            connection.execute(update(alert_deliveries).where(alert_deliveries.c.id == due.id).values(values))

    def events(self, limit: int = 50) -> tuple[AlertEvent, ...]:
        """What happened, the newest first."""
        e, d = alert_events.c, alert_deliveries.c
        with self._database.reading() as connection:
            rows = connection.execute(select(alert_events).order_by(e.at.desc(), e.id.desc()).limit(limit)).all()
            ways: dict[int, list[Delivery]] = {}
            wanted = select(alert_deliveries).where(d.event_id.in_([row.id for row in rows])).order_by(d.id)
            for way in connection.execute(wanted):
                given_up = way.delivered is None and way.due is None
                ways.setdefault(way.event_id, []).append(
                    Delivery(way.channel, way.attempts, way.delivered, way.error, given_up)
                )
        return tuple(_event(row, tuple(ways.get(row.id, ()))) for row in rows)


def _kept(row: Row[Any]) -> KeptRule:
    return KeptRule(
        row.id,
        AlertRule.model_validate(row.definition),
        row.state,
        row.since,
        row.checked,
        row.value,
        row.told,
        row.told_at,
        row.changed,
        row.changed_by,
    )


def _event(row: Row[Any], deliveries: tuple[Delivery, ...] = ()) -> AlertEvent:
    rule = AlertRule.model_validate(row.definition)
    return AlertEvent(row.id, row.rule_id, rule, row.at, row.state, row.value, row.calls, row.told, deliveries)


def _taken(error: DatabaseError, rule: AlertRule) -> RuleError | DatabaseError:
    if isinstance(error.__cause__, IntegrityError):
        return RuleError(f"there is a rule called {rule.name!r} already; choose another name.")
    return error
