"""The table of labels, in the same database as the history.

A label names its turn by the call's id, the part and the number, and not by a reference: one that was approved may
outlive the turn's words (docs/privacy.md).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint, false, true

from voicebot.store.history.tables import Json, Key, Moment, metadata

labels = Table(
    "labels",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pack", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("turn_part", BigInteger, nullable=False),
    Column("turn_number", Integer, nullable=False),
    Column("heard", Text, nullable=False, comment="what the listener made of it; empty: deleted"),
    Column("transcript", Text, nullable=False, comment="what was said; empty: not intelligible, or deleted"),
    Column("sentence", Text, nullable=False, comment="the transcript without case, spaces and punctuation"),
    Column("intelligible", Boolean, nullable=False, server_default=true()),
    Column("intent", Text, comment="null: out of scope, or not intelligible"),
    Column("slots", Json, nullable=False),
    Column("caller", Text, nullable=False, comment="keyed hash; empty where the number was withheld"),
    Column("version", Text, nullable=False, comment="of content and models that the call ran on"),
    Column("understood", Text, nullable=False, comment="the intent that the bot took it for; empty: none"),
    Column("sample", Text, nullable=False, comment="random, informative, chosen or imported: why it was labelled"),
    Column("said", Moment, nullable=False, comment="when the call began"),
    Column("labelled_by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("first", Text, nullable=False, comment="the meaning that was given first, before any talk about it"),
    Column("entitled", Boolean, nullable=False, server_default=false(), comment="the labeller may approve alone"),
    Column("state", Text, nullable=False, comment="proposed, approved or refused"),
    Column("decided_by", Text, comment="who agreed, or decided between two"),
    Column("decided", Moment),
    UniqueConstraint("call_id", "turn_part", "turn_number", "labelled_by"),
    Index(None, "pack", "language", "sentence"),
    Index(None, "pack", "state"),
    Index(None, "caller"),
)
