"""Drift: all of a model, which goes with the model's last version."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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


# Predictions that no router made. Values are JSON.
drift_predictions = Table(
    "drift_predictions",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("prediction_id", String(32), nullable=False, unique=True),
    _of_model(),
    Column("model_version", Name, nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("entity_id", Words, nullable=False),
    Column("features", Text, nullable=False),
    Column("prediction", Text, nullable=False),
    # Empty of a regression.
    Column("probabilities", Text, nullable=False),
    Column("confidence", Float(53)),
    Column("latency_ms", Float(53)),
    CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence"),
    CheckConstraint("(confidence IS NULL) = (probabilities = '')", name="probabilities"),
    CheckConstraint("latency_ms >= 0", name="latency"),
    Index("ix_drift_predictions_model_key_time_us", "model_key", "time_us"),
    Index("ix_drift_predictions_model_key_entity_id", "model_key", "entity_id", "time_us"),
    sqlite_autoincrement=True,
)

# Files of outcomes that come part by part. What one brought is in drift_truths, and is seen from the
# moment on that it is complete.
drift_truth_uploads = Table(
    "drift_truth_uploads",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    _of_model(),
    Column("upload_id", Name, nullable=False),
    Column("format", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("begin_us", BigInteger, nullable=False),
    Column("update_us", BigInteger, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("line_count", BigInteger, nullable=False),
    # JSON: what the columns of the file are, and what is wrong with rows.
    Column("columns", Text, nullable=False),
    Column("faults", Text, nullable=False),
    Column("kept_before", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("inserted", BigInteger, nullable=False),
    Column("corrected", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    # Counts the complete ones of a model, in the order in which they became so.
    Column("place", BigInteger),
    # Behind which of its rows outcomes may be that it replaced; unset once there are none.
    Column("unsettled_from", BigInteger),
    CheckConstraint("format IN ('csv', 'tsv', 'json_lines')", name="format"),
    CheckConstraint("status IN ('open', 'complete', 'refused')", name="status"),
    CheckConstraint("(status = 'complete') = (place IS NOT NULL)", name="place"),
    CheckConstraint("status = 'complete' OR unsettled_from IS NULL", name="unsettled_from"),
    UniqueConstraint("model_key", "upload_id"),
    UniqueConstraint("model_key", "place"),
    sqlite_autoincrement=True,
)

drift_truths = Table(
    "drift_truths",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    # One that an upload corrects keeps its id, and is there twice until the former one is deleted.
    Column("truth_id", String(32), nullable=False),
    _of_model(),
    # The upload that brought it; 0 for none. It is no foreign key, for there is no upload 0.
    Column("upload_key", BigInteger, nullable=False, server_default="0"),
    Column("entity_id", Words, nullable=False),
    # The form in which routers record the entity that keep hashes alone.
    Column("entity_hash", String(32), nullable=False),
    Column("outcome_time_us", BigInteger, nullable=False),
    # JSON: a string, a number or a boolean.
    Column("outcome", Text, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    # 1 for the first outcome of the entity and time, one more with each correction.
    Column("revision", Integer, nullable=False),
    CheckConstraint("entity_id <> ''", name="entity"),
    CheckConstraint("length(entity_hash) = 32", name="entity_hash"),
    CheckConstraint("revision > 0", name="revision"),
    CheckConstraint("upload_key >= 0", name="upload"),
    UniqueConstraint("model_key", "entity_id", "outcome_time_us", "upload_key"),
    Index("ix_drift_truths_update_time_us", "update_time_us"),
    Index(
        "ix_drift_truths_upload",
        "upload_key",
        "row_key",
        sqlite_where=text("upload_key <> 0"),
        postgresql_where=text("upload_key <> 0"),
    ),
    sqlite_autoincrement=True,
)

# What is known of predictions that are past their time.
drift_horizons = Table(
    "drift_horizons",
    metadata,
    _of_model(primary_key=True),
    # Outcomes from before then may be of predictions that are gone; no later prediction gets them.
    Column("settled_us", BigInteger, nullable=False),
    CheckConstraint("settled_us > 0", name="settled_us"),
)

# Blocks are compressed JSON, columns of values as they were sent.
drift_baselines = Table(
    "drift_baselines",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("baseline_id", String(32), nullable=False, unique=True),
    _of_model(),
    Column("version", Name, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("sample_size", Integer, nullable=False),
    Column("task", String(16), nullable=False),
    # JSON: the classes in the order of probabilities.
    Column("class_labels", Text, nullable=False),
    Column("features", LargeBinary, nullable=False),
    Column("targets", LargeBinary),
    Column("labeled", LargeBinary),
    Column("create_time_us", BigInteger, nullable=False),
    CheckConstraint("sample_size > 0", name="sample_size"),
    CheckConstraint("task IN ('unspecified', 'classification', 'regression')", name="task"),
    UniqueConstraint("model_key", "version"),
    Index(
        "ix_drift_baselines_active",
        "model_key",
        unique=True,
        sqlite_where=text("active"),
        postgresql_where=text("active"),
    ),
    sqlite_autoincrement=True,
)

# Times are by the database's clock.
drift_analyses = Table(
    "drift_analyses",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("job_id", String(32), nullable=False, unique=True),
    _of_model(),
    Column("baseline_key", ForeignKey("drift_baselines.row_key", ondelete="CASCADE"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("window_start_us", BigInteger, nullable=False),
    Column("window_end_us", BigInteger, nullable=False),
    Column("start_time_us", BigInteger, nullable=False),
    Column("deadline_us", BigInteger, nullable=False),
    # When its program last showed life.
    Column("seen_us", BigInteger, nullable=False),
    Column("end_time_us", BigInteger),
    # A program of another attempt than the last writes nothing.
    Column("attempt", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("progress", Float(53), nullable=False),
    Column("error", Text, nullable=False),
    CheckConstraint("status IN ('running', 'succeeded', 'failed', 'cancelled')", name="status"),
    CheckConstraint("window_start_us < window_end_us", name="window"),
    CheckConstraint("(status = 'running') = (end_time_us IS NULL)", name="end_time"),
    CheckConstraint("(status = 'failed') = (error <> '')", name="error"),
    CheckConstraint("attempt > 0 AND crashes >= 0", name="attempt"),
    CheckConstraint("progress >= 0 AND progress <= 1", name="progress"),
    Index(
        "ix_drift_analyses_running",
        "model_key",
        unique=True,
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
    Index("ix_drift_analyses_baseline_key", "baseline_key"),
    sqlite_autoincrement=True,
)

drift_results = Table(
    "drift_results",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("result_id", String(32), nullable=False, unique=True),
    _of_model(),
    Column(
        "analysis_key",
        ForeignKey("drift_analyses.row_key", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("status", String(16), nullable=False),
    # JSON: what the library said, and notes.
    Column("body", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    CheckConstraint("status IN ('ok', 'warning', 'alert')", name="status"),
    Index("ix_drift_results_model_key", "model_key", "row_key"),
    sqlite_autoincrement=True,
)

# Where detectors of changes stand between analyses: numbers of all rows so far, and no row.
drift_streams = Table(
    "drift_streams",
    metadata,
    _of_model(primary_key=True),
    Column("feature", Words, primary_key=True),
    Column("algorithm", Name, primary_key=True),
    # On whose scale values are seen; another baseline begins anew.
    Column("baseline_key", ForeignKey("drift_baselines.row_key", ondelete="CASCADE"), nullable=False),
    Column("begun_us", BigInteger, nullable=False),
    Column("read_until_us", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    # JSON with a digest, as the library writes it.
    Column("state", Text, nullable=False),
    # JSON: by day the rows that were read, of the last ones.
    Column("days", Text, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    CheckConstraint("feature <> '' AND length(feature) <= 256", name="feature"),
    CheckConstraint("algorithm <> ''", name="algorithm"),
    CheckConstraint("begun_us <= read_until_us", name="read_until"),
    CheckConstraint("row_count >= 0", name="row_count"),
    CheckConstraint("state <> '' AND length(state) <= 16384", name="state"),
    CheckConstraint("length(days) <= 2048", name="days"),
    Index("ix_drift_streams_baseline_key", "baseline_key"),
)

drift_alert_settings = Table(
    "drift_alert_settings",
    metadata,
    _of_model(primary_key=True),
    # JSON: what differs from the defaults.
    Column("settings", Text, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    # When the schedule last began an analysis, or was switched on; unset while it is off.
    Column("scheduled_us", BigInteger),
    Index(
        "ix_drift_alert_settings_scheduled",
        "model_key",
        sqlite_where=text("scheduled_us IS NOT NULL"),
        postgresql_where=text("scheduled_us IS NOT NULL"),
    ),
)
