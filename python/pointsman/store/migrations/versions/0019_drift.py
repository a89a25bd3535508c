"""Drift of models: logged predictions, outcomes, baselines, analyses, results, settings."""

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the tables; nothing was kept of drift before."""
    op.create_table(
        "drift_alert_settings",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.Column("scheduled_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_key"],
            ["models.row_key"],
            name=op.f("fk_drift_alert_settings_model_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_key", name=op.f("pk_drift_alert_settings")),
    )
    op.create_index(
        "ix_drift_alert_settings_scheduled",
        "drift_alert_settings",
        ["model_key"],
        unique=False,
        sqlite_where=sa.text("scheduled_us IS NOT NULL"),
        postgresql_where=sa.text("scheduled_us IS NOT NULL"),
    )
    op.create_table(
        "drift_baselines",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("baseline_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("sample_size", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=16), nullable=False),
        sa.Column("class_labels", sa.Text(), nullable=False),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.Column("targets", sa.LargeBinary(), nullable=True),
        sa.Column("labeled", sa.LargeBinary(), nullable=True),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "task IN ('unspecified', 'classification', 'regression')", name=op.f("ck_drift_baselines_task")
        ),
        sa.CheckConstraint("sample_size > 0", name=op.f("ck_drift_baselines_sample_size")),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_baselines_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_baselines")),
        sa.UniqueConstraint("baseline_id", name=op.f("uq_drift_baselines_baseline_id")),
        sa.UniqueConstraint("model_key", "version", name=op.f("uq_drift_baselines_model_key_version")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_drift_baselines_active",
        "drift_baselines",
        ["model_key"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "drift_predictions",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("prediction_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("model_version", NAME, nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("entity_id", WORDS, nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("prediction", sa.Text(), nullable=False),
        sa.Column("probabilities", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(precision=53), nullable=True),
        sa.Column("latency_ms", sa.Float(precision=53), nullable=True),
        sa.CheckConstraint(
            "(confidence IS NULL) = (probabilities = '')", name=op.f("ck_drift_predictions_probabilities")
        ),
        sa.CheckConstraint(
            "confidence >= 0 AND confidence <= 1", name=op.f("ck_drift_predictions_confidence")
        ),
        sa.CheckConstraint("latency_ms >= 0", name=op.f("ck_drift_predictions_latency")),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_predictions_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_predictions")),
        sa.UniqueConstraint("prediction_id", name=op.f("uq_drift_predictions_prediction_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_drift_predictions_model_key_entity_id",
        "drift_predictions",
        ["model_key", "entity_id", "time_us"],
        unique=False,
    )
    op.create_index(
        "ix_drift_predictions_model_key_time_us", "drift_predictions", ["model_key", "time_us"], unique=False
    )
    op.create_table(
        "drift_truths",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("truth_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("entity_id", WORDS, nullable=False),
        sa.Column("entity_hash", sa.String(length=32), nullable=False),
        sa.Column("outcome_time_us", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("entity_id <> ''", name=op.f("ck_drift_truths_entity")),
        sa.CheckConstraint("length(entity_hash) = 32", name=op.f("ck_drift_truths_entity_hash")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_drift_truths_revision")),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_truths_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_truths")),
        sa.UniqueConstraint(
            "model_key",
            "entity_id",
            "outcome_time_us",
            name=op.f("uq_drift_truths_model_key_entity_id_outcome_time_us"),
        ),
        sa.UniqueConstraint("truth_id", name=op.f("uq_drift_truths_truth_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "drift_analyses",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("baseline_key", ROW_KEY, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("window_start_us", sa.BigInteger(), nullable=False),
        sa.Column("window_end_us", sa.BigInteger(), nullable=False),
        sa.Column("start_time_us", sa.BigInteger(), nullable=False),
        sa.Column("deadline_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("end_time_us", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Float(precision=53), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint("(status = 'failed') = (error <> '')", name=op.f("ck_drift_analyses_error")),
        sa.CheckConstraint(
            "(status = 'running') = (end_time_us IS NULL)", name=op.f("ck_drift_analyses_end_time")
        ),
        sa.CheckConstraint(
            "status IN ('running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_drift_analyses_status")
        ),
        sa.CheckConstraint("attempt > 0 AND crashes >= 0", name=op.f("ck_drift_analyses_attempt")),
        sa.CheckConstraint("progress >= 0 AND progress <= 1", name=op.f("ck_drift_analyses_progress")),
        sa.CheckConstraint("window_start_us < window_end_us", name=op.f("ck_drift_analyses_window")),
        sa.ForeignKeyConstraint(
            ["baseline_key"],
            ["drift_baselines.row_key"],
            name=op.f("fk_drift_analyses_baseline_key"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_analyses_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_analyses")),
        sa.UniqueConstraint("job_id", name=op.f("uq_drift_analyses_job_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_drift_analyses_baseline_key", "drift_analyses", ["baseline_key"], unique=False)
    op.create_index(
        "ix_drift_analyses_running",
        "drift_analyses",
        ["model_key"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "drift_results",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("result_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("analysis_key", ROW_KEY, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status IN ('ok', 'warning', 'alert')", name=op.f("ck_drift_results_status")),
        sa.ForeignKeyConstraint(
            ["analysis_key"],
            ["drift_analyses.row_key"],
            name=op.f("fk_drift_results_analysis_key"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_results_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_results")),
        sa.UniqueConstraint("analysis_key", name=op.f("uq_drift_results_analysis_key")),
        sa.UniqueConstraint("result_id", name=op.f("uq_drift_results_result_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_drift_results_model_key", "drift_results", ["model_key", "row_key"], unique=False)


def downgrade() -> None:
    """Drops them with all that is kept of drift."""
    for table in (
        "drift_results",
        "drift_analyses",
        "drift_truths",
        "drift_predictions",
        "drift_baselines",
        "drift_alert_settings",
    ):
        op.drop_table(table)
