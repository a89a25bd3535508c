"""Feedback, value by value, and its totals."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)

from pointsman.store.schema.columns import Name, RowKey, Words, metadata

# A value that is corrected gets a new sequence, so that a sequence always names the same content.
feedback = Table(
    "feedback",
    metadata,
    Column("sequence", RowKey, primary_key=True, autoincrement=True),
    Column("prediction_id", Words, nullable=False),
    Column("row", Integer, nullable=False),
    Column("metric", Name, nullable=False),
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), nullable=False),
    Column("variant", Name, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("propensity", Float(53), nullable=False),
    Column("value", Float(53), nullable=False),
    Column("observe_time_us", BigInteger, nullable=False),
    Column("prediction_time_us", BigInteger, nullable=False),
    Column("apply_time_us", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
    # 1 for the first value, one more with each correction.
    Column("revision", Integer, nullable=False),
    Column("exported", Boolean, nullable=False),
    CheckConstraint("row >= 0 AND row <= 1000000", name="row"),
    CheckConstraint("revision > 0", name="revision"),
    UniqueConstraint("prediction_id", "row", "metric"),
    Index("ix_feedback_prediction_time_us_router_key", "prediction_time_us", "router_key"),
    # Holds all that sums over a window read: a million values take a fraction of a second.
    Index("ix_feedback_sums", "router_key", "variant", "metric", "prediction_time_us", "value", "counted"),
    Index(
        "ix_feedback_to_export",
        "router_key",
        "sequence",
        sqlite_where=text("NOT exported"),
        postgresql_where=text("NOT exported"),
    ),
    sqlite_autoincrement=True,
)

# How many values of each metric counted, those that are deleted too. Figures are of the values that stand.
feedback_totals = Table(
    "feedback_totals",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("variant", Name, primary_key=True),
    Column("metric", Name, primary_key=True),
    Column("count", BigInteger, nullable=False),
    CheckConstraint("count > 0", name="count"),
)
