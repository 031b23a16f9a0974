"""The tables of failure mining, in the same database as the history.

What callers said stands in none of them: `failure_turns` points at the history's words and goes with them. Suggestions
hold sentences without personal data that an editor judges.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Table, Text

from voicebot.store.history.tables import Json, Key, Moment, metadata

mining_runs = Table(
    "mining_runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pack", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("turns", Integer, nullable=False, comment="that went wrong"),
    Column("calls", Integer, nullable=False, comment="with such turns"),
    Column("sentences", Integer, nullable=False, comment="different ones that were compared"),
    Column("left_out", Json, comment="[{why, callers, turns}]"),
    Index(None, "pack", "language", "id"),
)

failure_clusters = Table(
    "failure_clusters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pack", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("run_id", Key, ForeignKey("mining_runs.id", ondelete="CASCADE"), nullable=False, comment="that saw it last"),
    Column("rank", Integer, nullable=False, comment="in that run, from 1"),
    Column("state", Text, nullable=False, server_default="open", comment="open, ignored or done"),
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("first_seen", Moment, nullable=False),
    Column("cost_s", Float, nullable=False, comment="seconds; see learning.mining.cost"),
    Column("calls", Integer, nullable=False, comment="that count: a few of each caller"),
    Column("callers", Integer, nullable=False),
    Column("hand_overs", Integer, nullable=False),
    Column("angry", Integer, nullable=False, comment="calls"),
    Column("lost_ms", BigInteger, nullable=False),
    Column("previous_calls", Integer, comment="in the period before; null where that has no calls at all"),
    Column("nearest", Text, comment="intent or FAQ entry"),
    Column("likeness", Float, comment="to that, 0 to 1"),
    Column("kinds", Json, nullable=False, comment="kind of failure: turns"),
    Index(None, "pack", "language", "run_id"),
    Index(None, "run_id"),
)

failure_turns = Table(
    "failure_turns",
    metadata,
    Column("cluster_id", Key, ForeignKey("failure_clusters.id", ondelete="CASCADE"), primary_key=True),
    Column("turn_id", Key, ForeignKey("turn_words.turn_id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("place", Integer, nullable=False, comment="0 is the most typical"),
    Index(None, "turn_id"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pack", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="faq or wording"),
    Column("entry", Text, nullable=False, comment="FAQ entry or intent"),
    Column("title", Text, nullable=False, comment="of a new FAQ entry"),
    Column("question", Text, nullable=False),
    Column("variants", Json, nullable=False),
    Column("answer", Text, nullable=False),
    Column("sources", Json, nullable=False),
    Column("cluster_id", Key, ForeignKey("failure_clusters.id", ondelete="SET NULL")),
    Column("state", Text, nullable=False, server_default="draft", comment="draft, accepted or refused"),
    Column("made", Moment, nullable=False),
    Column("by", Text, comment="who judged it, or changed it last"),
    Column("at", Moment, nullable=False, comment="when"),
    Index(None, "pack", "language", "state"),
    Index(None, "cluster_id"),
)
