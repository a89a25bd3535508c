"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PRESENT = sa.text("delete_time_us IS NULL")
IN_PRODUCTION = sa.text("stage = 'production' AND delete_time_us IS NULL")


def upgrade() -> None:
    """Creates all tables, at generation 0."""
    op.create_table(
        "api_keys",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("expire_time_us", sa.BigInteger()),
        sa.Column("revoke_time_us", sa.BigInteger()),
        sa.CheckConstraint("length(secret_sha256) = 32", name=op.f("ck_api_keys_secret_sha256")),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_api_keys_key_id")),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])

    op.create_table(
        "generation",
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("access_changed", sa.BigInteger(), nullable=False),
        sa.Column("signing_changed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("row = 1", name=op.f("ck_generation_one_row")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_generation_value")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_generation")),
    )
    op.create_table(
        "model_versions",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("backend_kind", sa.String(length=8)),
        sa.Column("backend_target", sa.Text()),
        sa.Column("backend_model_name", sa.Text()),
        sa.Column("backend_model_version", sa.Text()),
        sa.Column("given_signature", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("run_uri", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.Column("delete_time_us", sa.BigInteger()),
        sa.Column("changed_generation", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(backend_kind IS NULL AND backend_target IS NULL)"
            " OR (backend_kind IN ('grpc', 'onnx') AND backend_target IS NOT NULL)",
            name=op.f("ck_model_versions_backend"),
        ),
        sa.CheckConstraint(
            "stage IN ('none', 'staging', 'production', 'archived')", name=op.f("ck_model_versions_stage")
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_model_versions")),
    )
    op.create_index("ix_model_versions_changed_generation", "model_versions", ["changed_generation"])
    op.create_index(
        "uq_model_versions_present",
        "model_versions",
        ["model_id", "version"],
        unique=True,
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )
    op.create_index(
        "uq_model_versions_production",
        "model_versions",
        ["model_id"],
        unique=True,
        sqlite_where=IN_PRODUCTION,
        postgresql_where=IN_PRODUCTION,
    )

    op.create_table(
        "routers",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("router_id", NAME, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("strategy", sa.String(length=16), nullable=False),
        sa.Column("sticky", sa.Boolean(), nullable=False),
        sa.Column("version_pinning", sa.String(length=8), nullable=False),
        sa.Column("answer_router_name", sa.Boolean(), nullable=False),
        sa.Column("default_timeout_ms", sa.BigInteger(), nullable=False),
        sa.Column("record_predictions", sa.Boolean(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("public_predict", sa.Boolean(), nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=False),
        sa.Column("serving", sa.Boolean(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("slot_runs", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_generation", sa.BigInteger(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.Column("deploy_time_us", sa.BigInteger()),
        sa.Column("delete_time_us", sa.BigInteger()),
        sa.CheckConstraint(
            "status IN ('registered', 'deploying', 'running', 'stopped', 'failed')",
            name=op.f("ck_routers_status"),
        ),
        sa.CheckConstraint(
            "strategy IN ('weighted', 'feature_rules', 'bandit', 'canary')", name=op.f("ck_routers_strategy")
        ),
        sa.CheckConstraint("version_pinning IN ('allow', 'ignore')", name=op.f("ck_routers_version_pinning")),
        sa.CheckConstraint("default_timeout_ms >= 0", name=op.f("ck_routers_default_timeout_ms")),
        sa.CheckConstraint("length(salt) = 16", name=op.f("ck_routers_salt")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_routers_revision")),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_routers")),
    )
    op.create_index("ix_routers_changed_generation", "routers", ["changed_generation"])
    op.create_index("ix_routers_owner", "routers", ["owner"])
    op.create_index(
        "uq_routers_present",
        "routers",
        ["router_id"],
        unique=True,
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )

    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("retire_time_us", sa.BigInteger()),
        sa.CheckConstraint("key_id >= 0 AND key_id <= 255", name=op.f("ck_signing_keys_key_id")),
        sa.CheckConstraint("length(secret) = 32", name=op.f("ck_signing_keys_secret")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_keys")),
    )
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

    op.create_table(
        "feedback_totals",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("metric", NAME, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(precision=53), nullable=False),
        sa.Column("total_squares", sa.Float(precision=53), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_feedback_totals_count")),
        sa.ForeignKeyConstraint(
            ["router_key"],
            ["routers.row_key"],
            name=op.f("fk_feedback_totals_router_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("router_key", "variant", "metric", name=op.f("pk_feedback_totals")),
    )
    op.create_table(
        "model_version_tags",
        sa.Column("model_version_key", ROW_KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tag", WORDS, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_key"],
            ["model_versions.row_key"],
            name=op.f("fk_model_version_tags_model_version_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_version_key", "position", name=op.f("pk_model_version_tags")),
        sa.UniqueConstraint(
            "model_version_key", "tag", name=op.f("uq_model_version_tags_model_version_key_tag")
        ),
    )
    op.create_index("ix_model_version_tags_tag", "model_version_tags", ["tag"])

    op.create_table(
        "permissions",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_permissions_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("router_key", "user_id", name=op.f("pk_permissions")),
    )
    op.create_index("ix_permissions_user_id", "permissions", ["user_id"])

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

    op.create_table(
        "router_tags",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tag", WORDS, nullable=False),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_router_tags_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("router_key", "position", name=op.f("pk_router_tags")),
        sa.UniqueConstraint("router_key", "tag", name=op.f("uq_router_tags_router_key_tag")),
    )
    op.create_index("ix_router_tags_tag", "router_tags", ["tag"])

    op.create_table(
        "variants",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model_version_key", ROW_KEY, nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint("role IN ('candidate', 'control', 'canary')", name=op.f("ck_variants_role")),
        sa.CheckConstraint("weight >= 0 AND weight <= 100", name=op.f("ck_variants_weight")),
        sa.ForeignKeyConstraint(
            ["model_version_key"], ["model_versions.row_key"], name=op.f("fk_variants_model_version_key")
        ),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_variants_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("router_key", "name", name=op.f("pk_variants")),
        sa.UniqueConstraint("router_key", "position", name=op.f("uq_variants_router_key_position")),
    )
    op.create_index("ix_variants_model_version_key", "variants", ["model_version_key"])

    op.execute("INSERT INTO generation (row, value, access_changed, signing_changed) VALUES (1, 0, 0, 0)")


def downgrade() -> None:
    """Drops all tables, and with them all that was recorded."""
    for table in (
        "variants",
        "router_tags",
        "predictions",
        "permissions",
        "model_version_tags",
        "feedback_totals",
        "feedback",
        "signing_keys",
        "routers",
        "model_versions",
        "generation",
        "api_keys",
    ):
        op.drop_table(table)
