"""Clusters of what failed, and suggestions drawn from them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mining_runs",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False, comment="that went wrong"),
        sa.Column("calls", sa.Integer(), nullable=False, comment="with such turns"),
        sa.Column("sentences", sa.Integer(), nullable=False, comment="different ones that were compared"),
        sa.Column("left_out", _JSON, comment="[{why, callers, turns}]"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mining_runs")),
    )
    op.create_index(op.f("ix_mining_runs_pack_language_id"), "mining_runs", ["pack", "language", "id"])
    op.create_table(
        "failure_clusters",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("run_id", _KEY, nullable=False, comment="that saw it last"),
        sa.Column("rank", sa.Integer(), nullable=False, comment="in that run, from 1"),
        sa.Column("state", sa.Text(), server_default="open", nullable=False, comment="open, ignored or done"),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("cost_s", sa.Float(), nullable=False, comment="seconds; see learning.mining.cost"),
        sa.Column("calls", sa.Integer(), nullable=False, comment="that count: a few of each caller"),
        sa.Column("callers", sa.Integer(), nullable=False),
        sa.Column("hand_overs", sa.Integer(), nullable=False),
        sa.Column("angry", sa.Integer(), nullable=False, comment="calls"),
        sa.Column("lost_ms", sa.BigInteger(), nullable=False),
        sa.Column("previous_calls", sa.Integer(), comment="in the period before; null where that has no calls at all"),
        sa.Column("nearest", sa.Text(), comment="intent or FAQ entry"),
        sa.Column("likeness", sa.Float(), comment="to that, 0 to 1"),
        sa.Column("kinds", _JSON, nullable=False, comment="kind of failure: turns"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure_clusters")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["mining_runs.id"], name=op.f("fk_failure_clusters_run_id_mining_runs"), ondelete="CASCADE"
        ),
    )
    op.create_index(
        op.f("ix_failure_clusters_pack_language_run_id"), "failure_clusters", ["pack", "language", "run_id"]
    )
    op.create_index(op.f("ix_failure_clusters_run_id"), "failure_clusters", ["run_id"])
    op.create_table(
        "failure_turns",
        sa.Column("cluster_id", _KEY, nullable=False),
        sa.Column("turn_id", _KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="0 is the most typical"),
        sa.PrimaryKeyConstraint("cluster_id", "turn_id", name=op.f("pk_failure_turns")),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["failure_clusters.id"],
            name=op.f("fk_failure_turns_cluster_id_failure_clusters"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turn_words.turn_id"],
            name=op.f("fk_failure_turns_turn_id_turn_words"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_failure_turns_turn_id"), "failure_turns", ["turn_id"])
    op.create_table(
        "suggestions",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="faq or wording"),
        sa.Column("entry", sa.Text(), nullable=False, comment="FAQ entry or intent"),
        sa.Column("title", sa.Text(), nullable=False, comment="of a new FAQ entry"),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("variants", _JSON, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("sources", _JSON, nullable=False),
        sa.Column("cluster_id", _KEY),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False, comment="draft, accepted or refused"),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), comment="who judged it, or changed it last"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["failure_clusters.id"],
            name=op.f("fk_suggestions_cluster_id_failure_clusters"),
            ondelete="SET NULL",
        ),
    )
    op.create_index(op.f("ix_suggestions_pack_language_state"), "suggestions", ["pack", "language", "state"])
    op.create_index(op.f("ix_suggestions_cluster_id"), "suggestions", ["cluster_id"])


def downgrade() -> None:
    op.drop_table("suggestions")
    op.drop_table("failure_turns")
    op.drop_table("failure_clusters")
    op.drop_table("mining_runs")
