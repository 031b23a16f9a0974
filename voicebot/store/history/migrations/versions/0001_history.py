"""The history: calls, turns, their words, what became of them, and the hourly counts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = ("history",)
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

_SQLITE_SEARCH = (
    """
    CREATE VIRTUAL TABLE turn_search USING fts5(
        grams, content='turn_words', content_rowid='turn_id', tokenize='unicode61 remove_diacritics 0'
    )
    """,
    """
    CREATE TRIGGER turn_words_put AFTER INSERT ON turn_words BEGIN
        INSERT INTO turn_search (rowid, grams) VALUES (new.turn_id, new.grams);
    END
    """,
    """
    CREATE TRIGGER turn_words_gone AFTER DELETE ON turn_words BEGIN
        INSERT INTO turn_search (turn_search, rowid, grams) VALUES ('delete', old.turn_id, old.grams);
    END
    """,
    """
    CREATE TRIGGER turn_words_changed AFTER UPDATE OF grams ON turn_words BEGIN
        INSERT INTO turn_search (turn_search, rowid, grams) VALUES ('delete', old.turn_id, old.grams);
        INSERT INTO turn_search (rowid, grams) VALUES (new.turn_id, new.grams);
    END
    """,
)
_POSTGRESQL_SEARCH = (
    "ALTER TABLE turn_words ADD COLUMN vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', grams)) STORED",
    "CREATE INDEX ix_turn_words_vector ON turn_words USING gin (vector)",
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="`view call`, `export`, `log in`, ..."),
        sa.Column("call_id", sa.Text(), nullable=True, comment="no reference: the trail outlives the call"),
        sa.Column("subject", sa.Text(), nullable=True, comment="what else it was about"),
        sa.Column("address", sa.Text(), nullable=True, comment="where from"),
        sa.Column("details", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at_id"), "audit", ["at", "id"], unique=False)
    op.create_index(op.f("ix_audit_call_id_at"), "audit", ["call_id", "at"], unique=False)
    op.create_index(op.f("ix_audit_who_at"), "audit", ["who", "at"], unique=False)
    op.create_table(
        "calls",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="Twilio's CallSid, or made up by the channel"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="of content and models"),
        sa.Column("variants", _JSON, nullable=True, comment="experiment: variant"),
        sa.Column("language", sa.Text(), nullable=False, comment="spoken last"),
        sa.Column("channel", sa.Text(), nullable=False, comment="twilio, browser, mic, keypad or text"),
        sa.Column("caller", sa.Text(), nullable=True, comment="keyed hash; null where the number was withheld"),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True, comment="null while it lasts"),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="hand_over, hang_up, caller_left, failed or lost"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True, comment="of a hand-over"),
        sa.Column("goal", sa.Text(), nullable=True, comment="the flow that the call was about last"),
        sa.Column("resolved", sa.Boolean(), nullable=True, comment="a goal was reached and none left open"),
        sa.Column("contained", sa.Boolean(), nullable=True, comment="resolved without a person"),
        sa.Column(
            "called_again", sa.BigInteger(), nullable=True, comment="when the same caller called next, within a week"
        ),
        sa.Column("caller_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("understood_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unmatched_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("silent_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("corrections", sa.Integer(), server_default="0", nullable=False),
        sa.Column("interruptions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valence", sa.Float(), nullable=True, comment="mean over the caller's turns, -1 to 1"),
        sa.Column("lowest_valence", sa.Float(), nullable=True),
        sa.Column("arousal", sa.Float(), nullable=True, comment="mean, 0 to 1"),
        sa.Column("feeling", sa.Text(), nullable=True, comment="name of the last one"),
        sa.Column("csat", sa.Integer(), nullable=True, comment="1 to 5"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_calls")),
        sa.UniqueConstraint("id", name=op.f("uq_calls_id")),
    )
    op.create_index(op.f("ix_calls_began_key"), "calls", ["began", "key"], unique=False)
    op.create_index(op.f("ix_calls_caller_began"), "calls", ["caller", "began"], unique=False)
    op.create_index(op.f("ix_calls_csat_began"), "calls", ["csat", "began"], unique=False)
    op.create_index(op.f("ix_calls_outcome_began"), "calls", ["outcome", "began"], unique=False)
    op.create_index(op.f("ix_calls_pack_began"), "calls", ["pack", "began"], unique=False)
    op.create_table(
        "hourly_calls",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("engaged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resolved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contained", sa.Integer(), server_default="0", nullable=False),
        sa.Column("handed_over", sa.Integer(), server_default="0", nullable=False),
        sa.Column("caller_left", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("callers_known", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_call_resolved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("csat_points", sa.Integer(), server_default="0", nullable=False),
        sa.Column("satisfied", sa.Integer(), server_default="0", nullable=False),
        sa.Column("caller_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("understood_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unmatched_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("silent_turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("corrections", sa.Integer(), server_default="0", nullable=False),
        sa.Column("interruptions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("felt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("upset", sa.Integer(), server_default="0", nullable=False),
        sa.Column("people_answered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("people_waited_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("valence_sum", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("hour", "pack", "version", "language", "channel", name=op.f("pk_hourly_calls")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_feelings",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("feeling", sa.Text(), nullable=False),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "pack", "version", "language", "channel", "feeling", name=op.f("pk_hourly_feelings")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_flows",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("began", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("handed_over", sa.Integer(), server_default="0", nullable=False),
        sa.Column("caller_left", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dropped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("hour", "pack", "version", "language", "channel", "flow", name=op.f("pk_hourly_flows")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_intents",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("doubtful", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contained", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "pack", "version", "language", "channel", "intent", name=op.f("pk_hourly_intents")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_leaving",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "pack", "version", "language", "channel", "flow", "step", "reason", name=op.f("pk_hourly_leaving")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_steps",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reached", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "pack", "version", "language", "channel", "flow", "step", name=op.f("pk_hourly_steps")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hourly_waits",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="hours since 1970, UTC"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        *(sa.Column(f"w{n:02}", sa.Integer(), server_default="0", nullable=False) for n in range(60)),
        sa.PrimaryKeyConstraint("hour", "pack", "version", "language", "channel", name=op.f("pk_hourly_waits")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stale_hours",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False, comment="to be counted anew"),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_stale_hours")),
    )
    op.create_table(
        "call_flows",
        sa.Column("call_key", _KEY, nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False, comment="on the call's clock"),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "result",
            sa.Text(),
            nullable=True,
            comment="completed, hand_over, caller_left, dropped or failed; null while under way",
        ),
        sa.Column("step", sa.Text(), nullable=True, comment="where it was last"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_key"], ["calls.key"], name=op.f("fk_call_flows_call_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_key", "flow", name=op.f("pk_call_flows")),
    )
    op.create_index(op.f("ix_call_flows_flow_call_key"), "call_flows", ["flow", "call_key"], unique=False)
    op.create_table(
        "flow_steps",
        sa.Column("call_key", _KEY, nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column(
            "step", sa.Text(), nullable=False, comment="`ask SLOT`, `confirm SLOT`, `yes_no REPLY`, `query OPERATION`"
        ),
        sa.Column("place", sa.Integer(), nullable=False, comment="in the flow, to order steps by"),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, comment="when it was first reached"),
        sa.ForeignKeyConstraint(["call_key"], ["calls.key"], name=op.f("fk_flow_steps_call_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_key", "flow", "step", name=op.f("pk_flow_steps")),
    )
    op.create_table(
        "hand_overs",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("call_key", _KEY, nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("requested", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("context", _JSON, nullable=True, comment="what the agent is shown beside the summary"),
        sa.Column("accepted", sa.BigInteger(), nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("waited_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True, comment="answered, abandoned, call_back or voicemail"),
        sa.Column("after_call", sa.Text(), nullable=True, comment="the agent's outcome, in the desk's words"),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_key"], ["calls.key"], name=op.f("fk_hand_overs_call_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
        sa.UniqueConstraint("call_key", "part", name=op.f("uq_hand_overs_call_key_part")),
    )
    op.create_index(op.f("ix_hand_overs_accepted_by_call_key"), "hand_overs", ["accepted_by", "call_key"], unique=False)
    op.create_index(op.f("ix_hand_overs_requested_id"), "hand_overs", ["requested", "id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("call_key", _KEY, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False, comment="1 to 5"),
        sa.Column("how", sa.Text(), nullable=False, comment="voice, keys or page"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_key"], ["calls.key"], name=op.f("fk_ratings_call_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("call_key", name=op.f("uq_ratings_call_key")),
    )
    op.create_table(
        "turns",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("call_key", _KEY, nullable=False),
        sa.Column(
            "part", sa.BigInteger(), nullable=False, comment="which worker's part of the call: when it took it, in ms"
        ),
        sa.Column("number", sa.Integer(), nullable=False, comment="within the part, from 0"),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, comment="on the call's clock"),
        sa.Column("who", sa.Text(), nullable=False, comment="caller or bot"),
        sa.Column("listener", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True, comment="how likely the listener is right"),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("intent_score", sa.Float(), nullable=True),
        sa.Column("margin", sa.Float(), nullable=True, comment="of the intent over the next one"),
        sa.Column("flow", sa.Text(), nullable=True, comment="under way after the turn"),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column(
            "wait_ms", sa.Integer(), nullable=True, comment="of the bot's: from the end of speech to the first sound"
        ),
        sa.Column("stages", _JSON, nullable=True, comment="that wait by stage, in ms"),
        sa.Column("heard_share", sa.Float(), nullable=True, comment="of the bot's: how much of it was played, 0 to 1"),
        sa.Column("valence", sa.Float(), nullable=True),
        sa.Column("arousal", sa.Float(), nullable=True),
        sa.Column("feeling", sa.Text(), nullable=True),
        sa.Column("evidence", _JSON, nullable=True, comment="the numbers behind the verdict"),
        sa.ForeignKeyConstraint(["call_key"], ["calls.key"], name=op.f("fk_turns_call_key"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sa.UniqueConstraint("call_key", "part", "number", name=op.f("uq_turns_call_key_part_number")),
    )
    op.create_index("ix_turns_feeling_call_key", "turns", ["feeling", "call_key"], unique=False)
    op.create_index(op.f("ix_turns_intent_call_key"), "turns", ["intent", "call_key"], unique=False)
    op.create_table(
        "turn_words",
        sa.Column("turn_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="what was heard, or said"),
        sa.Column("hypothesis", sa.Text(), nullable=True, comment="the listener's own words"),
        sa.Column("alternatives", _JSON, nullable=True, comment="[{text, meaning, score}]"),
        sa.Column("slots", _JSON, nullable=True, comment="values known after the turn, without secrets"),
        sa.Column("grams", sa.Text(), nullable=False, comment="what the text is found by; see grams.py"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name=op.f("fk_turn_words_turn_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_turn_words")),
    )
    for statement in _SQLITE_SEARCH if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_SEARCH:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE turn_search")
    for table in (
        "turn_words",
        "turns",
        "ratings",
        "hand_overs",
        "flow_steps",
        "call_flows",
        "stale_hours",
        "hourly_waits",
        "hourly_steps",
        "hourly_leaving",
        "hourly_intents",
        "hourly_flows",
        "hourly_feelings",
        "hourly_calls",
        "calls",
        "audit",
    ):
        op.drop_table(table)
