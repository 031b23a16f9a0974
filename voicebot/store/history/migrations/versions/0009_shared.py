"""Call-backs, voicemails and profiles, where several hosts share them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lease_until", sa.String(32), nullable=False),
        sa.Column("call_sid", sa.String(64), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index(op.f("ix_callbacks_number"), "callbacks", ["number"], unique=False)
    op.create_index(op.f("ix_callbacks_state"), "callbacks", ["state"], unique=False)
    op.create_table(
        "voicemails",
        sa.Column("recording_sid", sa.String(64), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("call_id", "number", "language", "at")),
        sa.Column("seconds", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("url", "summary")),
        sa.PrimaryKeyConstraint("recording_sid", name=op.f("pk_voicemails")),
    )
    op.create_table(
        "profiles",
        sa.Column("caller", sa.Text(), nullable=False, comment="a keyed hash of the number, hexadecimal"),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("caller", name=op.f("pk_profiles")),
    )
    op.create_index(op.f("ix_profiles_last_day"), "profiles", ["last_day"], unique=False)


def downgrade() -> None:
    op.drop_table("profiles")
    op.drop_table("voicemails")
    op.drop_table("callbacks")
