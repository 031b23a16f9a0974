"""The tables of scheduled work, in the same database as the history: every host sees the same."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from voicebot.store.history.tables import Json, Key, Moment, metadata

job_locks = Table(
    "job_locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False, server_default="", comment="the run that holds it; empty: none"),
    Column("until", BigInteger, nullable=False, comment="after which the holder counts as gone"),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("due", Moment, nullable=False, comment="the moment that it was scheduled for, or asked for"),
    Column("by", Text, nullable=False, comment="schedule, or who asked for it"),
    Column("began", Moment, nullable=False),
    Column("ended", Moment, comment="null while it runs, and where its process was lost"),
    Column("state", Text, nullable=False, comment="running, done, failed or lost"),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("result", Json, comment="what the job told of itself"),
    Column("error", Text, comment="one sentence"),
    UniqueConstraint("name", "due"),
    Index(None, "began", "id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Key, primary_key=True),
    Column("week", Text, nullable=False, comment="ISO week, such as 2026-W47"),
    Column("pack", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("format", Text, nullable=False, comment="html or pdf"),
    Column("made", Moment, nullable=False),
    Column("document", LargeBinary, nullable=False),
    UniqueConstraint("week", "pack", "language", "format"),
)
