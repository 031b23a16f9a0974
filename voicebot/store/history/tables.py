"""The tables of the history. Moments are UTC, in whole milliseconds since 1970, so that both databases compute alike.

What callers and the bot said stands apart (`turn_words`, and the columns that `WORDS` names): it is deleted sooner than
the numbers. Callers' numbers are nowhere: `calls.caller` is a keyed hash.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """A number is taken to be milliseconds already."""
        return value if value is None or isinstance(value, int) else milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment(value)


def milliseconds(at: datetime) -> int:
    """Since 1970; `at` must be aware."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """The inverse of `milliseconds`, in UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


Key = BigInteger().with_variant(Integer(), "sqlite")
"""A row's number; SQLite counts by itself in INTEGER columns only."""
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _call(*, primary_key: bool = False) -> Column[Any]:
    return Column("call_key", Key, ForeignKey("calls.key", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


calls = Table(
    "calls",
    metadata,
    Column("key", Key, primary_key=True),
    Column("id", Text, nullable=False, unique=True, comment="Twilio's CallSid, or made up by the channel"),
    Column("pack", Text, nullable=False),
    Column("version", Text, nullable=False, comment="of content and models"),
    Column("variants", Json, comment="experiment: variant"),
    Column("language", Text, nullable=False, comment="spoken last"),
    Column("channel", Text, nullable=False, comment="twilio, browser, mic, keypad or text"),
    Column("caller", Text, comment="keyed hash; null where the number was withheld"),
    Column("began", Moment, nullable=False),
    Column("ended", Moment, comment="null while it lasts"),
    Column("duration_ms", BigInteger),
    Column("outcome", Text, comment="hand_over, hang_up, caller_left, failed or lost"),
    Column("reason", Text),
    Column("queue", Text, comment="of a hand-over"),
    Column("goal", Text, comment="the flow that the call was about last"),
    Column("resolved", Boolean, comment="a goal was reached and none left open"),
    Column("contained", Boolean, comment="resolved without a person"),
    Column("called_again", Moment, comment="when the same caller called next, within a week"),
    _count("caller_turns"),
    _count("understood_turns"),
    _count("unmatched_turns"),
    _count("silent_turns"),
    _count("corrections"),
    _count("interruptions"),
    Column("valence", Float, comment="mean over the caller's turns, -1 to 1"),
    Column("lowest_valence", Float),
    Column("arousal", Float, comment="mean, 0 to 1"),
    Column("feeling", Text, comment="name of the last one"),
    Column("csat", Integer, comment="1 to 5"),
    Index(None, "began", "key"),
    Index(None, "pack", "began"),
    Index(None, "outcome", "began"),
    Index(None, "caller", "began"),
    Index(None, "csat", "began"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Key, primary_key=True),
    _call(),
    Column("part", BigInteger, nullable=False, comment="which worker's part of the call: when it took it, in ms"),
    Column("number", Integer, nullable=False, comment="within the part, from 0"),
    Column("at_ms", BigInteger, nullable=False, comment="on the call's clock"),
    Column("who", Text, nullable=False, comment="caller or bot"),
    Column("listener", Text),
    Column("verdict", Text),
    Column("score", Float, comment="how likely the listener is right"),
    Column("decision", Text),
    Column("intent", Text),
    Column("intent_score", Float),
    Column("margin", Float, comment="of the intent over the next one"),
    Column("flow", Text, comment="under way after the turn"),
    Column("step", Text),
    Column("wait_ms", Integer, comment="of the bot's: from the end of speech to the first sound"),
    Column("stages", Json, comment="that wait by stage, in ms"),
    Column("heard_share", Float, comment="of the bot's: how much of it was played, 0 to 1"),
    Column("valence", Float),
    Column("arousal", Float),
    Column("feeling", Text),
    Column("evidence", Json, comment="the numbers behind the verdict"),
    UniqueConstraint("call_key", "part", "number"),
    Index(None, "intent", "call_key"),
    Index("ix_turns_feeling_call_key", "feeling", "call_key"),
)

turn_words = Table(
    "turn_words",
    metadata,
    Column("turn_id", Key, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False, comment="what was heard, or said"),
    Column("hypothesis", Text, comment="the listener's own words"),
    Column("alternatives", Json, comment="[{text, meaning, score}]"),
    Column("slots", Json, comment="values known after the turn, without secrets"),
    Column("grams", Text, nullable=False, comment="what the text is found by; see grams.py"),
)

call_flows = Table(
    "call_flows",
    metadata,
    _call(primary_key=True),
    Column("flow", Text, primary_key=True),
    Column("began_ms", BigInteger, nullable=False, comment="on the call's clock"),
    Column("ended_ms", BigInteger),
    Column("result", Text, comment="completed, hand_over, caller_left, dropped or failed; null while under way"),
    Column("step", Text, comment="where it was last"),
    Column("reason", Text),
    Index(None, "flow", "call_key"),
)

flow_steps = Table(
    "flow_steps",
    metadata,
    _call(primary_key=True),
    Column("flow", Text, primary_key=True),
    Column("step", Text, primary_key=True, comment="`ask SLOT`, `confirm SLOT`, `yes_no REPLY`, `query OPERATION`"),
    Column("place", Integer, nullable=False, comment="in the flow, to order steps by"),
    Column("at_ms", BigInteger, nullable=False, comment="when it was first reached"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Key, primary_key=True),
    _call(),
    Column("score", Integer, nullable=False, comment="1 to 5"),
    Column("how", Text, nullable=False, comment="voice, keys or page"),
    Column("at", Moment, nullable=False),
    Column("comment", Text),
    UniqueConstraint("call_key"),
)

hand_overs = Table(
    "hand_overs",
    metadata,
    Column("id", Key, primary_key=True),
    _call(),
    Column("part", BigInteger, nullable=False),
    Column("requested", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("summary", Text),
    Column("context", Json, comment="what the agent is shown beside the summary"),
    Column("accepted", Moment),
    Column("accepted_by", Text),
    Column("waited_ms", BigInteger),
    Column("ended", Moment),
    Column("result", Text, comment="answered, abandoned, call_back or voicemail"),
    Column("after_call", Text, comment="the agent's outcome, in the desk's words"),
    Column("note", Text),
    UniqueConstraint("call_key", "part"),
    Index(None, "requested", "id"),
    Index(None, "accepted_by", "call_key"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False, comment="`view call`, `export`, `log in`, ..."),
    Column("call_id", Text, comment="no reference: the trail outlives the call"),
    Column("subject", Text, comment="what else it was about"),
    Column("address", Text, comment="where from"),
    Column("details", Json),
    Index(None, "at", "id"),
    Index(None, "call_id", "at"),
    Index(None, "who", "at"),
)

WORDS = ((ratings, ("comment",)), (hand_overs, ("summary", "context", "note")))
"""Columns with words outside `turn_words`."""

# Counted by the hour, so that pages need not count a million turns. See rollups.py. In SQLite they lie in the order of
# their keys: periods are read in one go.


def _dimensions(*further: str) -> list[Column[Any]]:
    names = ("pack", "version", "language", "channel", *further)
    return [
        Column("hour", Integer, primary_key=True, autoincrement=False, comment="hours since 1970, UTC"),
        *(Column(name, Text, primary_key=True) for name in names),
    ]


hourly_calls = Table(
    "hourly_calls",
    metadata,
    *_dimensions(),
    *(
        _count(name)
        for name in (
            "calls",
            "engaged",
            "resolved",
            "contained",
            "handed_over",
            "caller_left",
            "failed",
            "callers_known",
            "first_call_resolved",
            "rated",
            "csat_points",
            "satisfied",
            "caller_turns",
            "understood_turns",
            "unmatched_turns",
            "silent_turns",
            "corrections",
            "interruptions",
            "felt",
            "upset",
            "people_answered",
        )
    ),
    Column("duration_ms", BigInteger, nullable=False, server_default="0"),
    Column("people_waited_ms", BigInteger, nullable=False, server_default="0"),
    Column("valence_sum", Float, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
WAIT_EDGES = (0, *(round(150 * 1.08**n) for n in range(59)))
"""Where the buckets of `hourly_waits` begin, in milliseconds: each but the first is 8 % wide; the last is open."""
hourly_waits = Table(
    "hourly_waits",
    metadata,
    *_dimensions(),
    *(_count(f"w{n:02}") for n in range(len(WAIT_EDGES))),
    sqlite_with_rowid=False,
)
hourly_intents = Table(
    "hourly_intents",
    metadata,
    *_dimensions("intent"),
    _count("turns"),
    _count("calls"),
    _count("doubtful"),
    _count("contained"),
    sqlite_with_rowid=False,
)
hourly_flows = Table(
    "hourly_flows",
    metadata,
    *_dimensions("flow"),
    *(_count(name) for name in ("began", "completed", "handed_over", "caller_left", "dropped", "failed")),
    Column("duration_ms", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
hourly_steps = Table(
    "hourly_steps",
    metadata,
    *_dimensions("flow", "step"),
    Column("place", Integer, nullable=False, server_default="0"),
    _count("reached"),
    _count("left"),
    sqlite_with_rowid=False,
)
hourly_leaving = Table(
    "hourly_leaving",
    metadata,
    *_dimensions("flow", "step", "reason"),
    _count("calls"),
    sqlite_with_rowid=False,
)
hourly_feelings = Table("hourly_feelings", metadata, *_dimensions("feeling"), _count("turns"), sqlite_with_rowid=False)

stale_hours = Table(
    "stale_hours",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False, comment="to be counted anew"),
)
