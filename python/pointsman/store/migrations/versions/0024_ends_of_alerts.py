"""Alerts end when their figure is no more, and a message waits, untried, for a server with its channel."""

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_EVENTS = (
    "row_key, event_id, model_key, result_key, kind, rule, tier, alert_id, summary, findings, create_time_us"
)
_DELIVERIES = (
    "row_key, delivery_id, event_key, channel, recipient, status, attempts, reason, tried_us, next_us"
)
_KINDS = "kind IN ('firing', 'escalated', 'repeated', 'recovered', 'ended', 'test')"
_FORMER_KINDS = "kind IN ('firing', 'escalated', 'repeated', 'recovered', 'test')"
_PENDING = "status = 'given_up' OR (status = 'pending') = (attempts = 0)"
_FORMER_PENDING = "(status = 'pending') = (attempts = 0)"
_REASON = "status = 'pending' OR (status IN ('failed', 'given_up')) = (reason <> '')"
_FORMER_REASON = "(status IN ('failed', 'given_up')) = (reason <> '')"


def upgrade() -> None:
    """Allows both; what is there stays as it is."""
    _make(_KINDS, _PENDING, _REASON)
    op.create_index(
        "ix_drift_alert_events_over",
        "drift_alert_events",
        ["alert_id"],
        unique=True,
        sqlite_where=sa.text("kind IN ('recovered', 'ended')"),
        postgresql_where=sa.text("kind IN ('recovered', 'ended')"),
    )


def downgrade() -> None:
    """Says of ended alerts that they recovered, and of messages given up untried that one try failed."""
    op.drop_index("ix_drift_alert_events_over", table_name="drift_alert_events")
    op.execute("UPDATE drift_alert_events SET kind = 'recovered' WHERE kind = 'ended'")
    op.execute("UPDATE drift_alert_deliveries SET reason = '' WHERE status = 'pending'")
    op.execute(
        "UPDATE drift_alert_deliveries SET attempts = 1, tried_us = (SELECT e.create_time_us"
        " FROM drift_alert_events AS e WHERE e.row_key = event_key)"
        " WHERE status = 'given_up' AND attempts = 0"
    )
    _make(_FORMER_KINDS, _FORMER_PENDING, _FORMER_REASON)


def _make(kinds: str, pending: str, reason: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        _alter(kinds, pending, reason)
    else:
        _make_again(kinds, pending, reason)


def _alter(kinds: str, pending: str, reason: str) -> None:
    for table, name, words in (
        ("drift_alert_events", "kind", kinds),
        ("drift_alert_deliveries", "pending", pending),
        ("drift_alert_deliveries", "reason", reason),
    ):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, words)


def _make_again(kinds: str, pending: str, reason: str) -> None:
    """Makes SQLite's tables anew, which alters no constraints."""
    for name in ("once", "model_key"):
        op.drop_index(f"ix_drift_alert_events_{name}", table_name="drift_alert_events")
    op.drop_index("ix_drift_alert_deliveries_next_us", table_name="drift_alert_deliveries")
    # Deliveries go with their events: those that are carried point to the events that are.
    op.rename_table("drift_alert_deliveries", "carried_deliveries")
    op.rename_table("drift_alert_events", "carried_events")
    _make_events(kinds)
    _make_deliveries(pending, reason)
    op.execute(f"INSERT INTO drift_alert_events ({_EVENTS}) SELECT {_EVENTS} FROM carried_events")
    op.execute(
        f"INSERT INTO drift_alert_deliveries ({_DELIVERIES}) SELECT {_DELIVERIES} FROM carried_deliveries"
    )
    op.drop_table("carried_deliveries")
    op.drop_table("carried_events")


def _make_events(kinds: str) -> None:
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
        sa.CheckConstraint(kinds, name=op.f("ck_drift_alert_events_kind")),
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
    op.create_index("ix_drift_alert_events_model_key", "drift_alert_events", ["model_key", "row_key"])
    op.create_index(
        "ix_drift_alert_events_once",
        "drift_alert_events",
        ["alert_id", "kind"],
        unique=True,
        sqlite_where=sa.text("kind IN ('firing', 'recovered')"),
        postgresql_where=sa.text("kind IN ('firing', 'recovered')"),
    )


def _make_deliveries(pending: str, reason: str) -> None:
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
        sa.CheckConstraint(pending, name=op.f("ck_drift_alert_deliveries_pending")),
        sa.CheckConstraint(reason, name=op.f("ck_drift_alert_deliveries_reason")),
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
        sqlite_where=sa.text("next_us IS NOT NULL"),
        postgresql_where=sa.text("next_us IS NOT NULL"),
    )
