"""The tables of alerts, in the same database as the history."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, false

from voicebot.store.history.tables import Json, Key, Moment, metadata

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("definition", Json, nullable=False, comment="as voicebot.analytics.alerts.rules.AlertRule"),
    Column("state", Text, nullable=False, server_default="ok", comment="ok or firing"),
    Column("since", Moment, nullable=False, comment="of the state"),
    Column("checked", Moment, comment="whoever moves it on checks the rule"),
    Column("value", Float, comment="what the last check found; null: too few calls"),
    Column("told", Boolean, nullable=False, server_default=false(), comment="whether people know that it fires"),
    Column("told_at", Moment, comment="when people were last told that it fires"),
    Column("changed", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
)

alert_events = Table(
    "alert_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("rule_id", Key, nullable=False, comment="no reference: what happened outlives the rule"),
    Column("name", Text, nullable=False),
    Column("definition", Json, nullable=False, comment="the rule as it was"),
    Column("at", Moment, nullable=False),
    Column("state", Text, nullable=False, comment="what it changed to"),
    Column("value", Float, nullable=False),
    Column("calls", Integer, nullable=False, comment="that the value was computed from"),
    Column("told", Boolean, nullable=False, comment="whether people were to be told"),
    Index(None, "at", "id"),
)

alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("event_id", Key, ForeignKey("alert_events.id", ondelete="CASCADE"), nullable=False),
    Column("channel", Text, nullable=False, comment="webhook or mail"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due", Moment, comment="of the next attempt; null: delivered, or given up"),
    Column("delivered", Moment),
    Column("error", Text, comment="why the last attempt failed"),
    Index(None, "due"),
    Index(None, "event_id"),
)
