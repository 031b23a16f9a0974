"""The tables of versions, in the same database as the history: every host finds the same ones there."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    text,
)

from voicebot.store.history.tables import Json, Key, Moment, metadata

versions = Table(
    "versions",
    metadata,
    Column("id", Text, primary_key=True, comment="first 12 hexadecimal digits of the digest"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the canonical manifest"),
    Column("pack", Text, nullable=False),
    Column("state", Text, nullable=False, comment="as voicebot.store.versions.states"),
    Column("share", Float, comment="of callers, while shared"),
    Column("revision", Integer, nullable=False, server_default="0", comment="goes up with every change"),
    Column("key", Text, nullable=False, comment="secret: which callers are its share"),
    Column("parent", Text),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made", Moment, nullable=False),
    Column("manifest", Json, nullable=False),
    Column("evaluation", Json),
    Column("cards", Json, nullable=False, comment="language: Markdown"),
    Column("size", BigInteger, nullable=False, comment="bytes of all files"),
    Column("added", Moment, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("approved", Moment),
    Column("approved_by", Text),
    Column("changed", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("replaced", Text, comment="what was active before it; null: the content as installed"),
    Column("note", Text, nullable=False, server_default=""),
    Column("shared_at", Moment, comment="when the present share of calls began"),
    Column("guarded", Moment, comment="whoever moves it on compares its calls with the active one's"),
    Column("guard", Json, comment="what that comparison found last"),
    Index(None, "pack", "added"),
    *(
        Index(
            f"ix_versions_one_{state}",
            "pack",
            unique=True,
            sqlite_where=text(f"state = '{state}'"),
            postgresql_where=text(f"state = '{state}'"),
        )
        for state in ("shadow", "shared", "active")
    ),
)

version_chunks = Table(
    "version_chunks",
    metadata,
    Column("version", Text, ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="from 0"),
    Column("data", LargeBinary, nullable=False, comment="a piece of the packed files"),
)

version_changes = Table(
    "version_changes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("version", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", Text, nullable=False, comment="the state; empty: it was not there yet"),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Json),
    Index(None, "version", "id"),
    Index(None, "pack", "at"),
)

shadow_counts = Table(
    "shadow_counts",
    metadata,
    Column("version", Text, ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("language", Text, primary_key=True),
    Column("turns", Integer, nullable=False, server_default="0", comment="that both understood"),
    Column("agreed", Integer, nullable=False, server_default="0"),
    Column("crashed", Integer, nullable=False, server_default="0"),
    Column("skipped", Integer, nullable=False, server_default="0", comment="there was no time for"),
)

shadow_turns = Table(
    "shadow_turns",
    metadata,
    Column("id", Key, primary_key=True),
    Column("version", Text, ForeignKey("versions.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("words", Text, comment="as keep_words says; null: not kept, or deleted"),
    Column("active", Json, nullable=False, comment="decision, intent and score of the active version"),
    Column("shadow", Json, nullable=False, comment="the same of the shadow; {} where it crashed"),
    Column("crashed", Boolean, nullable=False, server_default=false()),
    Index(None, "version", "id"),
    Index(None, "at"),
)
