"""The tables of accounts, in the same database as the history."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from voicebot.store.history.tables import Json, Key, Moment, metadata

users = Table(
    "users",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True, comment="in lower case"),
    Column("shown", Text, nullable=False, comment="the name that others see"),
    Column("role", Text, nullable=False),
    Column("password", Text, comment="argon2id; null: comes through the identity provider only"),
    Column("identity", Text, unique=True, comment="issuer and subject at the identity provider"),
    Column("session", Text, nullable=False, comment="changes when all sessions of the user are to end"),
    Column("failures", Integer, nullable=False, server_default="0", comment="wrong passwords since the last right one"),
    Column("locked_until", Moment),
    Column("created", Moment, nullable=False),
    Column("last_seen", Moment),
    Column("disabled", Boolean, nullable=False, server_default=false()),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Key, primary_key=True),
    Column("user_id", Key, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False, comment="what it is for"),
    Column("hash", Text, nullable=False, unique=True, comment="SHA-256: the token itself is random"),
    Column("scopes", Json, nullable=False, comment="permissions that it has, as far as its user has them"),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("last_used", Moment),
    Index(None, "user_id"),
)
