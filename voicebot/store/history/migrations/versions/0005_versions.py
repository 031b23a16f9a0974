"""Versions of content and models, their states, and who changed them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Text(), nullable=False, comment="first 12 hexadecimal digits of the digest"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the canonical manifest"),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="as voicebot.store.versions.states"),
        sa.Column("share", sa.Float(), comment="of callers, while shared"),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0", comment="goes up with every change"),
        sa.Column("key", sa.Text(), nullable=False, comment="secret: which callers are its share"),
        sa.Column("parent", sa.Text()),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("manifest", _JSON, nullable=False),
        sa.Column("evaluation", _JSON),
        sa.Column("cards", _JSON, nullable=False, comment="language: Markdown"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes of all files"),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("approved", sa.BigInteger()),
        sa.Column("approved_by", sa.Text()),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text(), comment="what was active before it; null: the content as installed"),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("shared_at", sa.BigInteger(), comment="when the present share of calls began"),
        sa.Column("guarded", sa.BigInteger(), comment="whoever moves it on compares its calls with the active one's"),
        sa.Column("guard", _JSON, comment="what that comparison found last"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
    )
    op.create_index(op.f("ix_versions_pack_added"), "versions", ["pack", "added"], unique=False)
    for state in ("shadow", "shared", "active"):
        only = sa.text(f"state = '{state}'")
        op.create_index(
            f"ix_versions_one_{state}", "versions", ["pack"], unique=True, sqlite_where=only, postgresql_where=only
        )
    op.create_table(
        "version_chunks",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="from 0"),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="a piece of the packed files"),
        sa.ForeignKeyConstraint(
            ["version"], ["versions.id"], name=op.f("fk_version_chunks_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "number", name=op.f("pk_version_chunks")),
    )
    op.create_table(
        "version_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False, comment="the state; empty: it was not there yet"),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", _JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_changes")),
    )
    op.create_index(op.f("ix_version_changes_version_id"), "version_changes", ["version", "id"], unique=False)
    op.create_index(op.f("ix_version_changes_pack_at"), "version_changes", ["pack", "at"], unique=False)
    op.create_table(
        "shadow_counts",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False, server_default="0", comment="that both understood"),
        sa.Column("agreed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("crashed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("skipped", sa.Integer(), nullable=False, server_default="0", comment="there was no time for"),
        sa.ForeignKeyConstraint(
            ["version"], ["versions.id"], name=op.f("fk_shadow_counts_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "language", name=op.f("pk_shadow_counts")),
    )
    op.create_table(
        "shadow_turns",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), comment="as keep_words says; null: not kept, or deleted"),
        sa.Column("active", _JSON, nullable=False, comment="decision, intent and score of the active version"),
        sa.Column("shadow", _JSON, nullable=False, comment="the same of the shadow; {} where it crashed"),
        sa.Column("crashed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.ForeignKeyConstraint(["version"], ["versions.id"], name=op.f("fk_shadow_turns_version"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_turns")),
    )
    op.create_index(op.f("ix_shadow_turns_version_id"), "shadow_turns", ["version", "id"], unique=False)
    op.create_index(op.f("ix_shadow_turns_at"), "shadow_turns", ["at"], unique=False)


def downgrade() -> None:
    for table in ("shadow_turns", "shadow_counts", "version_changes", "version_chunks", "versions"):
        op.drop_table(table)
