"""Alerts of drift: rules, how they stand, mutes, what was told, and the outbox of the messages."""

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the tables; nobody was told anything before."""
    op.create_table(
        "drift_alert_rules",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_alert_rules_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_key", name=op.f("pk_drift_alert_rules")),
    )
    op.create_table(
        "drift_alert_states",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("fired_us", sa.BigInteger(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("is_judged", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("looked_us", sa.BigInteger(), nullable=False),
        sa.Column("window_end_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(alert_id = '') = (fired_us = 0)", name=op.f("ck_drift_alert_states_fired")),
        sa.CheckConstraint("(alert_id = '') = (level = 0)", name=op.f("ck_drift_alert_states_alert")),
        sa.CheckConstraint("level >= 0 AND peak >= level", name=op.f("ck_drift_alert_states_level")),
        sa.CheckConstraint("told_us >= fired_us", name=op.f("ck_drift_alert_states_told")),
        sa.ForeignKeyConstraint(
            ["model_key"],
            ["models.row_key"],
            name=op.f("fk_drift_alert_states_model_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_key", "rule", name=op.f("pk_drift_alert_states")),
    )
    op.create_table(
        "drift_alert_mutes",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_alert_mutes_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_key", "rule", name=op.f("pk_drift_alert_mutes")),
    )
    op.create_table(
        "drift_alert_events",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("result_key", ROW_KEY, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("rule", NAME, nullable=False),
        sa.Column("tier", NAME, nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("summary", WORDS, nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind = 'test') = (alert_id = '')", name=op.f("ck_drift_alert_events_alert")),
        sa.CheckConstraint("kind <> 'test' OR result_key IS NULL", name=op.f("ck_drift_alert_events_result")),
        sa.CheckConstraint(
            "kind IN ('firing', 'escalated', 'repeated', 'recovered', 'test')",
            name=op.f("ck_drift_alert_events_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["model_key"],
            ["models.row_key"],
            name=op.f("fk_drift_alert_events_model_key"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["result_key"],
            ["drift_results.row_key"],
            name=op.f("fk_drift_alert_events_result_key"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_alert_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_drift_alert_events_event_id")),
        sa.UniqueConstraint("result_key", "rule", name=op.f("uq_drift_alert_events_result_key_rule")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_drift_alert_events_model_key", "drift_alert_events", ["model_key", "row_key"], unique=False
    )
    op.create_index(
        "ix_drift_alert_events_once",
        "drift_alert_events",
        ["alert_id", "kind"],
        unique=True,
        sqlite_where=sa.text("kind IN ('firing', 'recovered')"),
        postgresql_where=sa.text("kind IN ('firing', 'recovered')"),
    )
    op.create_table(
        "drift_alert_deliveries",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("event_key", ROW_KEY, nullable=False),
        sa.Column("channel", NAME, nullable=False),
        sa.Column("recipient", WORDS, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", WORDS, nullable=False),
        sa.Column("tried_us", sa.BigInteger(), nullable=True),
        sa.Column("next_us", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(status = 'pending') = (attempts = 0)", name=op.f("ck_drift_alert_deliveries_pending")
        ),
        sa.CheckConstraint(
            "(status IN ('failed', 'given_up')) = (reason <> '')",
            name=op.f("ck_drift_alert_deliveries_reason"),
        ),
        sa.CheckConstraint(
            "(status IN ('pending', 'failed')) = (next_us IS NOT NULL)",
            name=op.f("ck_drift_alert_deliveries_next"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed', 'given_up')",
            name=op.f("ck_drift_alert_deliveries_status"),
        ),
        sa.CheckConstraint(
            "attempts >= 0 AND (attempts = 0) = (tried_us IS NULL)",
            name=op.f("ck_drift_alert_deliveries_attempts"),
        ),
        sa.ForeignKeyConstraint(
            ["event_key"],
            ["drift_alert_events.row_key"],
            name=op.f("fk_drift_alert_deliveries_event_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_alert_deliveries")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_drift_alert_deliveries_delivery_id")),
        sa.UniqueConstraint(
            "event_key",
            "channel",
            "recipient",
            name=op.f("uq_drift_alert_deliveries_event_key_channel_recipient"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_drift_alert_deliveries_next_us",
        "drift_alert_deliveries",
        ["next_us"],
        unique=False,
        sqlite_where=sa.text("next_us IS NOT NULL"),
        postgresql_where=sa.text("next_us IS NOT NULL"),
    )


def downgrade() -> None:
    """Drops them with what is still to be told."""
    for table in (
        "drift_alert_deliveries",
        "drift_alert_events",
        "drift_alert_mutes",
        "drift_alert_states",
        "drift_alert_rules",
    ):
        op.drop_table(table)
