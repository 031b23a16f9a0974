"""Scheduled work: who runs what, and when it ran; the weekly reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "job_locks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False, server_default="", comment="the run that holds it; empty: none"),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="after which the holder counts as gone"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_locks")),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False, comment="the moment that it was scheduled for, or asked for"),
        sa.Column("by", sa.Text(), nullable=False, comment="schedule, or who asked for it"),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), comment="null while it runs, and where its process was lost"),
        sa.Column("state", sa.Text(), nullable=False, comment="running, done, failed or lost"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("result", _JSON, comment="what the job told of itself"),
        sa.Column("error", sa.Text(), comment="one sentence"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("name", "due", name=op.f("uq_job_runs_name_due")),
    )
    op.create_index(op.f("ix_job_runs_began_id"), "job_runs", ["began", "id"])
    op.create_table(
        "reports",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("week", sa.Text(), nullable=False, comment="ISO week, such as 2026-W47"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False, comment="html or pdf"),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("week", "pack", "language", "format", name=op.f("uq_reports_week_pack_language_format")),
    )


def downgrade() -> None:
    op.drop_table("reports")
    op.drop_index(op.f("ix_job_runs_began_id"), table_name="job_runs")
    op.drop_table("job_runs")
    op.drop_table("job_locks")
