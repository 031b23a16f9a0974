"""Operations on alert rules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from voicebot.analytics.alerts.book import AlertBook, AlertEvent, KeptRule
from voicebot.analytics.alerts.rules import AlertRule
from voicebot.console.access.guard import reader
from voicebot.console.api.operations import Api, ApiError, Asked


class Rule(BaseModel):
    """A rule with what is known of it."""

    id: int
    rule: AlertRule
    state: Literal["ok", "firing"]
    since: datetime
    checked: datetime | None
    value: float | None
    """What the last check found; null: too few calls."""
    changed: datetime
    changed_by: str


class Rules(BaseModel):
    """By name."""

    items: list[Rule]


class Events(BaseModel):
    """The newest first."""

    items: list[AlertEvent]


class EventQuery(Asked):
    """How many."""

    limit: int = Field(50, ge=1, le=500)


def add_alerts(api: Api, book: AlertBook) -> None:
    """Under /alerts."""
    put = api.access.put

    def by() -> str:
        who = reader()
        assert who is not None
        return who.user.name

    def gone() -> ApiError:
        return ApiError(404, "there is no such rule; see /api/v1/alerts.")

    @api.operation("get", "/alerts", "alerts")
    def list_alert_rules() -> Rules:
        """All alert rules, and which fire"""
        return Rules(items=[_rule(kept) for kept in book.rules()])

    @api.operation("post", "/alerts", "alerts", status=201)
    def add_alert_rule(body: AlertRule) -> Rule:
        """Add a rule"""
        kept = book.add(body, by())
        put("add alert rule", subject=body.name)
        return _rule(kept)

    @api.operation("put", "/alerts/{rule_id}", "alerts")
    def change_alert_rule(rule_id: int, body: AlertRule) -> Rule:
        """Change a rule; it begins anew as one that does not fire"""
        kept = book.change(rule_id, body, by()) if rule_id < 2**53 else None
        if kept is None:
            raise gone()
        put("change alert rule", subject=body.name)
        return _rule(kept)

    @api.operation("delete", "/alerts/{rule_id}", "alerts", status=204)
    def remove_alert_rule(rule_id: int) -> None:
        """Delete a rule; what it did stays"""
        found = book.find(rule_id) if rule_id < 2**53 else None
        if found is None or not book.remove(rule_id):
            raise gone()
        put("delete alert rule", subject=found.rule.name)

    @api.operation("get", "/alerts/events", "alerts")
    def list_alert_events(query: EventQuery) -> Events:
        """When rules began and ceased to fire, and who was told"""
        return Events(items=list(book.events(query.limit)))


def _rule(kept: KeptRule) -> Rule:
    return Rule.model_validate(kept, from_attributes=True)
