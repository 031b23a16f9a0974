"""Alert rules, what they found, and who was told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", _JSON, nullable=False, comment="as voicebot.analytics.alerts.rules.AlertRule"),
        sa.Column("state", sa.Text(), nullable=False, server_default="ok", comment="ok or firing"),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="of the state"),
        sa.Column("checked", sa.BigInteger(), comment="whoever moves it on checks the rule"),
        sa.Column("value", sa.Float(), comment="what the last check found; null: too few calls"),
        sa.Column(
            "told", sa.Boolean(), nullable=False, server_default=sa.false(), comment="whether people know that it fires"
        ),
        sa.Column("told_at", sa.BigInteger(), comment="when people were last told that it fires"),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_alert_rules_name")),
    )
    op.create_table(
        "alert_events",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("rule_id", _KEY, nullable=False, comment="no reference: what happened outlives the rule"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", _JSON, nullable=False, comment="the rule as it was"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="what it changed to"),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False, comment="that the value was computed from"),
        sa.Column("told", sa.Boolean(), nullable=False, comment="whether people were to be told"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_events")),
    )
    op.create_index(op.f("ix_alert_events_at_id"), "alert_events", ["at", "id"], unique=False)
    op.create_table(
        "alert_deliveries",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("event_id", _KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="webhook or mail"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("due", sa.BigInteger(), comment="of the next attempt; null: delivered, or given up"),
        sa.Column("delivered", sa.BigInteger()),
        sa.Column("error", sa.Text(), comment="why the last attempt failed"),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["alert_events.id"],
            name=op.f("fk_alert_deliveries_event_id_alert_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_deliveries")),
    )
    op.create_index(op.f("ix_alert_deliveries_due"), "alert_deliveries", ["due"], unique=False)
    op.create_index(op.f("ix_alert_deliveries_event_id"), "alert_deliveries", ["event_id"], unique=False)


def downgrade() -> None:
    op.drop_table("alert_deliveries")
    op.drop_table("alert_events")
    op.drop_table("alert_rules")
