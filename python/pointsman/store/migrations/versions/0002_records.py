"""The journal's positions, the lake's manifest, feedback by row; predictions leave for the lake."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateColumn

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NOT_EXPORTED = sa.text("NOT exported")
REPLACED = sa.text("replace_time_us IS NOT NULL")


def upgrade() -> None:
    """Drops recorded predictions, keeps feedback and everything else."""
    _add_router_columns()
    op.create_table(
        "router_metrics",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("min_value", sa.Float(precision=53)),
        sa.Column("max_value", sa.Float(precision=53)),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.CheckConstraint("type IN ('number', 'binary', 'count')", name=op.f("ck_router_metrics_type")),
        sa.CheckConstraint("direction IN ('maximise', 'minimise')", name=op.f("ck_router_metrics_direction")),
        sa.CheckConstraint("min_value <= max_value", name=op.f("ck_router_metrics_range")),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_router_metrics_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("router_key", "name", name=op.f("pk_router_metrics")),
        sa.UniqueConstraint("router_key", "position", name=op.f("uq_router_metrics_router_key_position")),
    )
    op.create_table(
        "installation",
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("row = 1", name=op.f("ck_installation_one_row")),
        sa.CheckConstraint("length(entity_key) = 32", name=op.f("ck_installation_entity_key")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_installation")),
    )
    op.create_table(
        "journal_positions",
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=16), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("stream IN ('predictions', 'feedback')", name=op.f("ck_journal_positions_stream")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_journal_positions_position")),
        sa.PrimaryKeyConstraint("journal_id", "stream", name=op.f("pk_journal_positions")),
    )
    _create_lake_files()
    op.drop_table("predictions")
    # Constraints have one name space on PostgreSQL, so the old table has to go before the new one comes.
    op.execute("CREATE TEMPORARY TABLE feedback_before AS SELECT * FROM feedback")
    op.drop_table("feedback")
    _create_feedback()
    op.execute(
        "INSERT INTO feedback (prediction_id, row, metric, router_key, variant, epoch, propensity, value,"
        " observe_time_us, prediction_time_us, apply_time_us, counted, revision, exported)"
        " SELECT prediction_id, 0, metric, router_key, variant, 0, 0, value,"
        " observe_time_us, prediction_time_us, observe_time_us, counted, 1, FALSE"
        " FROM feedback_before ORDER BY observe_time_us, prediction_id, metric"
    )
    op.execute("DROP TABLE feedback_before")


def _add_router_columns() -> None:
    """Adds columns with their checks in one statement each: SQLite cannot add a check later."""
    columns: list[sa.Column[Any]] = [
        _checked(
            "features_share", sa.Float(precision=53), "1", "features_share >= 0 AND features_share <= 1"
        ),
        sa.Column("exclude_features", sa.Text(), nullable=False, server_default="[]"),
        _checked("max_body_bytes", sa.BigInteger(), "65536", "max_body_bytes > 0"),
        _checked(
            "entity_recording",
            sa.String(length=8),
            "'plain'",
            "entity_recording IN ('plain', 'hmac', 'none')",
        ),
        _checked("durability", sa.String(length=8), "'buffered'", "durability IN ('buffered', 'durable')"),
        _checked("retention_days", sa.Integer(), "0", "retention_days >= 0"),
        _checked("retention_bytes", sa.BigInteger(), "0", "retention_bytes >= 0"),
        sa.Column("allow_feedback_corrections", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]
    sa.Table("routers", sa.MetaData(), *columns)
    for column in columns:
        specification = CreateColumn(column).compile(dialect=op.get_bind().dialect)
        op.execute(f"ALTER TABLE routers ADD COLUMN {specification}")


def _checked(name: str, kind: Any, default: str, check: str) -> sa.Column[Any]:
    constraint = sa.CheckConstraint(check, name=op.f(f"ck_routers_{name}"))
    return sa.Column(name, kind, constraint, nullable=False, server_default=sa.text(default))


def _create_lake_files() -> None:
    op.create_table(
        "lake_files",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("path", WORDS, nullable=False),
        sa.Column("router_id", NAME, nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("start_position", sa.BigInteger(), nullable=False),
        sa.Column("end_position", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("min_time_us", sa.BigInteger(), nullable=False),
        sa.Column("max_time_us", sa.BigInteger(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("replace_time_us", sa.BigInteger()),
        sa.CheckConstraint(
            "(kind = 'predictions' AND model_id <> '') OR (kind = 'feedback' AND model_id = '')",
            name=op.f("ck_lake_files_kind"),
        ),
        sa.CheckConstraint("path <> ''", name=op.f("ck_lake_files_path")),
        sa.CheckConstraint(
            "start_position >= 0 AND start_position <= end_position", name=op.f("ck_lake_files_positions")
        ),
        sa.CheckConstraint("row_count > 0", name=op.f("ck_lake_files_row_count")),
        sa.CheckConstraint("byte_count > 0", name=op.f("ck_lake_files_byte_count")),
        sa.CheckConstraint("min_time_us <= max_time_us", name=op.f("ck_lake_files_times")),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_lake_files")),
        sa.UniqueConstraint("path", name=op.f("uq_lake_files_path")),
    )
    op.create_index(
        "ix_lake_files_router_id_kind_max_time_us", "lake_files", ["router_id", "kind", "max_time_us"]
    )
    op.create_index(
        "ix_lake_files_replaced",
        "lake_files",
        ["replace_time_us"],
        sqlite_where=REPLACED,
        postgresql_where=REPLACED,
    )


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("sequence", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("prediction_id", WORDS, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("metric", NAME, nullable=False),
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("propensity", sa.Float(precision=53), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("observe_time_us", sa.BigInteger(), nullable=False),
        sa.Column("prediction_time_us", sa.BigInteger(), nullable=False),
        sa.Column("apply_time_us", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("exported", sa.Boolean(), nullable=False),
        sa.CheckConstraint("row >= 0 AND row <= 1000000", name=op.f("ck_feedback_row")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_feedback_revision")),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_feedback_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "prediction_id", "row", "metric", name=op.f("uq_feedback_prediction_id_row_metric")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_feedback_prediction_time_us_router_key", "feedback", ["prediction_time_us", "router_key"]
    )
    op.create_index(
        "ix_feedback_sums",
        "feedback",
        ["router_key", "variant", "metric", "prediction_time_us", "value", "counted"],
    )
    op.create_index(
        "ix_feedback_to_export",
        "feedback",
        ["router_key", "sequence"],
        sqlite_where=NOT_EXPORTED,
        postgresql_where=NOT_EXPORTED,
    )


def downgrade() -> None:
    """Goes back to tables without rows of batches; recorded predictions do not come back."""
    op.execute("CREATE TEMPORARY TABLE feedback_after AS SELECT * FROM feedback")
    for table in ("feedback", "lake_files", "journal_positions", "installation", "router_metrics"):
        op.drop_table(table)
    for column in (
        "allow_feedback_corrections",
        "retention_bytes",
        "retention_days",
        "durability",
        "entity_recording",
        "max_body_bytes",
        "exclude_features",
        "features_share",
    ):
        op.execute(f"ALTER TABLE routers DROP COLUMN {column}")
    _create_former_feedback()
    op.execute(
        "INSERT INTO feedback (prediction_id, metric, router_key, variant, value, observe_time_us,"
        " prediction_time_us, counted) SELECT prediction_id, metric, router_key, variant, value,"
        " observe_time_us, prediction_time_us, counted FROM feedback_after WHERE row = 0"
    )
    op.execute("DROP TABLE feedback_after")
    _create_former_predictions()


def _create_former_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("metric", NAME, nullable=False),
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("observe_time_us", sa.BigInteger(), nullable=False),
        sa.Column("prediction_time_us", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_feedback_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("prediction_id", "metric", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_prediction_time_us", "feedback", ["prediction_time_us"])


def _create_former_predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("sequence", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("prediction_id", sa.Text(), nullable=False),
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("model_version", NAME, nullable=False),
        sa.Column("entity_id", WORDS, nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("propensity", sa.Float(precision=53), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("randomised_by", sa.String(length=16), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("overhead_ns", sa.BigInteger(), nullable=False),
        sa.Column("backend_latency_ns", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("features", sa.Text()),
        sa.Column("prediction", sa.Text()),
        sa.Column("probabilities", sa.Text()),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_predictions_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_predictions")),
        sa.UniqueConstraint("prediction_id", name=op.f("uq_predictions_prediction_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_predictions_router_key_entity_id_time_us", "predictions", ["router_key", "entity_id", "time_us"]
    )
    op.create_index(
        "ix_predictions_router_key_time_us_sequence", "predictions", ["router_key", "time_us", "sequence"]
    )
