"""The lake's manifest, and erasures until all servers have carried them out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    text,
)

from pointsman.store.schema.columns import Name, RowKey, Words, metadata

# Kept until every server has carried them out; then the entity is forgotten.
erasures = Table(
    "erasures",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("router_id", Name, nullable=False),
    Column("entity_id", Words),
    Column("request_time_us", BigInteger, nullable=False),
    Column("complete_time_us", BigInteger),
    Column("prediction_count", BigInteger, nullable=False),
    Column("feedback_count", BigInteger, nullable=False),
    CheckConstraint("(entity_id IS NULL) = (complete_time_us IS NOT NULL)", name="complete"),
    UniqueConstraint("router_id", "entity_id"),
    sqlite_autoincrement=True,
)

# The servers that an erasure waits for.
erasure_servers = Table(
    "erasure_servers",
    metadata,
    Column("erasure_key", ForeignKey("erasures.row_key", ondelete="CASCADE"), primary_key=True),
    Column("journal_id", String(32), primary_key=True),
    # Raised when the same is asked for again, so that work for the time before does not count for it.
    Column("revision", BigInteger, nullable=False),
    # Whether its predictions are deleted; feedback for other servers' may still be in its files.
    Column("erased", Boolean, nullable=False),
    Index("ix_erasure_servers_journal_id", "journal_id"),
)

# The entity's predictions that servers found, as long as feedback for them may be in files.
erasure_predictions = Table(
    "erasure_predictions",
    metadata,
    Column("erasure_key", ForeignKey("erasures.row_key", ondelete="CASCADE"), primary_key=True),
    Column("prediction_id", Words, primary_key=True),
)

# The models of an erasure of which logged predictions are in files.
logged_erasures = Table(
    "logged_erasures",
    metadata,
    Column("erasure_key", ForeignKey("erasures.row_key", ondelete="CASCADE"), primary_key=True),
    Column("model_key", ForeignKey("models.row_key", ondelete="CASCADE"), primary_key=True),
    # What was logged later, under a greater number, stays.
    Column("last_number", BigInteger, nullable=False),
    # How many are deleted, by all servers.
    Column("prediction_count", BigInteger, nullable=False),
    CheckConstraint("last_number >= 0", name="last_number"),
    CheckConstraint("prediction_count >= 0", name="prediction_count"),
    Index("ix_logged_erasures_model_key", "model_key"),
)

# Digests of erased predictions' ids, for as long as feedback is taken.
erased_predictions = Table(
    "erased_predictions",
    metadata,
    Column("sequence", RowKey, primary_key=True, autoincrement=True),
    # The first eight bytes of the id's SHA-256, signed.
    Column("digest", BigInteger, nullable=False, unique=True),
    Column("prediction_time_us", BigInteger, nullable=False),
    CheckConstraint("prediction_time_us >= 0", name="prediction_time"),
    Index("ix_erased_predictions_prediction_time_us", "prediction_time_us"),
    sqlite_autoincrement=True,
)

# The manifest: what is not here is not in the lake.
lake_files = Table(
    "lake_files",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("path", Words, nullable=False, unique=True),
    Column("router_id", Name, nullable=False),
    # Empty for feedback.
    Column("model_id", Name, nullable=False),
    Column("date", String(10), nullable=False),
    Column("journal_id", String(32), nullable=False),
    Column("start_position", BigInteger, nullable=False),
    Column("end_position", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("min_time_us", BigInteger, nullable=False),
    Column("max_time_us", BigInteger, nullable=False),
    # 0 when the rows do not say, as those of feedback and of releases that knew none. Of logged predictions,
    # which have no router, the model's row.
    Column("router_incarnation", BigInteger, nullable=False, server_default="0"),
    Column("create_time_us", BigInteger, nullable=False),
    # Set when others took its place; only queries that began before still read it.
    Column("replace_time_us", BigInteger),
    CheckConstraint(
        "(kind IN ('predictions', 'shadows', 'logged') AND model_id <> '') "
        "OR (kind = 'feedback' AND model_id = '')",
        name="kind",
    ),
    CheckConstraint("path <> ''", name="path"),
    CheckConstraint("start_position >= 0 AND start_position <= end_position", name="positions"),
    CheckConstraint("row_count > 0", name="row_count"),
    CheckConstraint("byte_count > 0", name="byte_count"),
    CheckConstraint("min_time_us <= max_time_us", name="times"),
    CheckConstraint("router_incarnation >= 0", name="router_incarnation"),
    Index("ix_lake_files_router_id_kind_max_time_us", "router_id", "kind", "max_time_us"),
    Index(
        "ix_lake_files_replaced",
        "replace_time_us",
        sqlite_where=text("replace_time_us IS NOT NULL"),
        postgresql_where=text("replace_time_us IS NOT NULL"),
    ),
    Index(
        "ix_lake_files_logged",
        "end_position",
        sqlite_where=text("kind = 'logged'"),
        postgresql_where=text("kind = 'logged'"),
    ),
)
