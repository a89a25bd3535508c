"""Alerts of drift: rules of a model, how each stands, what was told, and the outbox of the messages."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pointsman.store.schema.columns import Name, RowKey, Words, metadata


def _of_model(*, primary_key: bool = False) -> Column[int]:
    key = ForeignKey("models.row_key", ondelete="CASCADE")
    return Column("model_key", key, primary_key=primary_key, nullable=False)


drift_alert_rules = Table(
    "drift_alert_rules",
    metadata,
    _of_model(primary_key=True),
    # JSON: the rules in their order.
    Column("rules", Text, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
)

# One row for each rule by which a result was looked at: so one alert of a rule fires at a time.
drift_alert_states = Table(
    "drift_alert_states",
    metadata,
    _of_model(primary_key=True),
    Column("rule", Name, primary_key=True),
    # Empty while no alert fires.
    Column("alert_id", String(32), nullable=False),
    Column("level", Integer, nullable=False),
    Column("peak", Integer, nullable=False),
    Column("fired_us", BigInteger, nullable=False),
    Column("told_us", BigInteger, nullable=False),
    # JSON: the features that met the tier.
    Column("names", Text, nullable=False),
    Column("is_judged", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("looked_us", BigInteger, nullable=False),
    # Where the window ends that was looked at: one that ends earlier changes nothing.
    Column("window_end_us", BigInteger, nullable=False),
    CheckConstraint("level >= 0 AND peak >= level", name="level"),
    CheckConstraint("(alert_id = '') = (level = 0)", name="alert"),
    CheckConstraint("(alert_id = '') = (fired_us = 0)", name="fired"),
    CheckConstraint("told_us >= fired_us", name="told"),
)

# The rule is empty where it is all of the model's.
drift_alert_mutes = Table(
    "drift_alert_mutes",
    metadata,
    _of_model(primary_key=True),
    Column("rule", Name, primary_key=True),
    Column("until_us", BigInteger, nullable=False),
)

drift_alert_events = Table(
    "drift_alert_events",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("event_id", String(32), nullable=False, unique=True),
    _of_model(),
    # Unset of a test, and once the result is let go of: what was told stays, and what is to be told.
    Column("result_key", ForeignKey("drift_results.row_key", ondelete="SET NULL")),
    Column("kind", String(16), nullable=False),
    Column("rule", Name, nullable=False),
    Column("tier", Name, nullable=False),
    Column("alert_id", String(32), nullable=False),
    Column("summary", Words, nullable=False),
    # JSON: features with their figures.
    Column("findings", Text, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    CheckConstraint("kind IN ('firing', 'escalated', 'repeated', 'recovered', 'ended', 'test')", name="kind"),
    CheckConstraint("kind <> 'test' OR result_key IS NULL", name="result"),
    CheckConstraint("(kind = 'test') = (alert_id = '')", name="alert"),
    # A result is judged once by each rule.
    UniqueConstraint("result_key", "rule"),
    # An alert fires once, and is over once.
    Index(
        "ix_drift_alert_events_once",
        "alert_id",
        "kind",
        unique=True,
        sqlite_where=text("kind IN ('firing', 'recovered')"),
        postgresql_where=text("kind IN ('firing', 'recovered')"),
    ),
    Index(
        "ix_drift_alert_events_over",
        "alert_id",
        unique=True,
        sqlite_where=text("kind IN ('recovered', 'ended')"),
        postgresql_where=text("kind IN ('recovered', 'ended')"),
    ),
    Index("ix_drift_alert_events_model_key", "model_key", "row_key"),
    sqlite_autoincrement=True,
)

# Outbox and log in one: what is not final has a time at which it is tried next.
drift_alert_deliveries = Table(
    "drift_alert_deliveries",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    # Each try carries it.
    Column("delivery_id", String(32), nullable=False, unique=True),
    Column("event_key", ForeignKey("drift_alert_events.row_key", ondelete="CASCADE"), nullable=False),
    Column("channel", Name, nullable=False),
    # Of an e-mail the address.
    Column("recipient", Words, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Words, nullable=False),
    Column("tried_us", BigInteger),
    Column("next_us", BigInteger),
    CheckConstraint("status IN ('pending', 'delivered', 'failed', 'given_up')", name="status"),
    CheckConstraint("(status IN ('pending', 'failed')) = (next_us IS NOT NULL)", name="next"),
    # One that waits for a server with its channel says so, and is given up at last, though nobody tried it.
    CheckConstraint(
        "status = 'pending' OR (status IN ('failed', 'given_up')) = (reason <> '')", name="reason"
    ),
    CheckConstraint("attempts >= 0 AND (attempts = 0) = (tried_us IS NULL)", name="attempts"),
    CheckConstraint("status = 'given_up' OR (status = 'pending') = (attempts = 0)", name="pending"),
    UniqueConstraint("event_key", "channel", "recipient"),
    Index(
        "ix_drift_alert_deliveries_next_us",
        "next_us",
        sqlite_where=text("next_us IS NOT NULL"),
        postgresql_where=text("next_us IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)
