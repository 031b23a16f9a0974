"""What callers left, and what is remembered of them: the tables that several hosts share.

The default keeps each of them in a small file of its own under `var`, and these tables empty.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table, Text

from voicebot.store.history.tables import metadata

# Times are UTC in ISO 8601, which sorts as text.
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("number", String(20), nullable=False, index=True),
    Column("language", String(8), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("summary", String, nullable=False),
    Column("context", JSON, nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("due_at", String(32), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("lease_until", String(32), nullable=False),
    Column("call_sid", String(64), nullable=False),
    Column("result", String(16), nullable=False),
)
voicemails = Table(
    "voicemails",
    metadata,
    Column("recording_sid", String(64), primary_key=True),
    *(Column(name, String, nullable=False) for name in ("call_id", "number", "language", "at")),
    Column("seconds", Integer, nullable=False),
    *(Column(name, String, nullable=False) for name in ("url", "summary")),
)
profiles = Table(
    "profiles",
    metadata,
    Column("caller", Text, primary_key=True, comment="a keyed hash of the number, hexadecimal"),
    Column("last_day", Text, nullable=False, index=True),
    Column("data", Text, nullable=False, comment="JSON"),
)
