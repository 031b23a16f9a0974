"""The table of experiments' runs, in the same database as the history."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text

from voicebot.store.history.tables import Json, Key, Moment, metadata

experiment_runs = Table(
    "experiment_runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pack", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, comment="running, stopped or decided"),
    Column("salt", Text, nullable=False, comment="key of the hash that assigns callers"),
    Column("design", Json, nullable=False, comment="as voicebot.analytics.experiments.design.Design"),
    Column("planned", Integer, nullable=False, comment="callers at most"),
    Column("started", Moment, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("ended", Moment, comment="null while it runs"),
    Column("ended_by", Text),
    Column("reason", Text),
    Column("decision", Text, comment="adopt or keep"),
    Column("chosen", Text, comment="the variant that is adopted"),
    Column("decided", Moment),
    Column("decided_by", Text),
    Index("ix_experiment_runs_pack_name", "pack", "name", "started"),
    Index(
        "uq_experiment_runs_running",
        "pack",
        "name",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)
