"""Labels of turns, by whom, and what became of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("turn_part", sa.BigInteger(), nullable=False),
        sa.Column("turn_number", sa.Integer(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False, comment="what the listener made of it; empty: deleted"),
        sa.Column(
            "transcript", sa.Text(), nullable=False, comment="what was said; empty: not intelligible, or deleted"
        ),
        sa.Column("sentence", sa.Text(), nullable=False, comment="the transcript without case, spaces and punctuation"),
        sa.Column("intelligible", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("intent", sa.Text(), comment="null: out of scope, or not intelligible"),
        sa.Column("slots", _JSON, nullable=False),
        sa.Column("caller", sa.Text(), nullable=False, comment="keyed hash; empty where the number was withheld"),
        sa.Column("version", sa.Text(), nullable=False, comment="of content and models that the call ran on"),
        sa.Column("understood", sa.Text(), nullable=False, comment="the intent that the bot took it for; empty: none"),
        sa.Column(
            "sample", sa.Text(), nullable=False, comment="random, informative, chosen or imported: why it was labelled"
        ),
        sa.Column("said", sa.BigInteger(), nullable=False, comment="when the call began"),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "first", sa.Text(), nullable=False, comment="the meaning that was given first, before any talk about it"
        ),
        sa.Column(
            "entitled",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="the labeller may approve alone",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="proposed, approved or refused"),
        sa.Column("decided_by", sa.Text(), comment="who agreed, or decided between two"),
        sa.Column("decided", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint(
            "call_id",
            "turn_part",
            "turn_number",
            "labelled_by",
            name=op.f("uq_labels_call_id_turn_part_turn_number_labelled_by"),
        ),
    )
    op.create_index(op.f("ix_labels_pack_language_sentence"), "labels", ["pack", "language", "sentence"], unique=False)
    op.create_index(op.f("ix_labels_pack_state"), "labels", ["pack", "state"], unique=False)
    op.create_index(op.f("ix_labels_caller"), "labels", ["caller"], unique=False)


def downgrade() -> None:
    op.drop_table("labels")
