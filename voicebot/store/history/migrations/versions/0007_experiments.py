"""Experiments, their decisions, and who took them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "experiment_runs",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="running, stopped or decided"),
        sa.Column("salt", sa.Text(), nullable=False, comment="key of the hash that assigns callers"),
        sa.Column("design", _JSON, nullable=False, comment="as voicebot.analytics.experiments.design.Design"),
        sa.Column("planned", sa.Integer(), nullable=False, comment="callers at most"),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("ended", sa.BigInteger(), comment="null while it runs"),
        sa.Column("ended_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("decision", sa.Text(), comment="adopt or keep"),
        sa.Column("chosen", sa.Text(), comment="the variant that is adopted"),
        sa.Column("decided", sa.BigInteger()),
        sa.Column("decided_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment_runs")),
    )
    op.create_index("ix_experiment_runs_pack_name", "experiment_runs", ["pack", "name", "started"], unique=False)
    op.create_index(
        "uq_experiment_runs_running",
        "experiment_runs",
        ["pack", "name"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def downgrade() -> None:
    op.drop_table("experiment_runs")
