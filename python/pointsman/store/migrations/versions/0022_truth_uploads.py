"""Files of outcomes: what is uploaded is stored part by part, and seen from its end on."""

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEPT = (
    "row_key, truth_id, model_key, entity_id, entity_hash, outcome_time_us, outcome, update_time_us, revision"
)
_FORMER_KEY = "uq_drift_truths_model_key_entity_id_outcome_time_us"


def upgrade() -> None:
    """Adds uploads; outcomes that are there belong to none."""
    op.create_table(
        "drift_truth_uploads",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("upload_id", NAME, nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("begin_us", sa.BigInteger(), nullable=False),
        sa.Column("update_us", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("kept_before", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("inserted", sa.BigInteger(), nullable=False),
        sa.Column("corrected", sa.BigInteger(), nullable=False),
        sa.Column("repeated", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("unsettled_from", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "format IN ('csv', 'tsv', 'json_lines')", name=op.f("ck_drift_truth_uploads_format")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'complete', 'refused')", name=op.f("ck_drift_truth_uploads_status")
        ),
        sa.CheckConstraint(
            "(status = 'complete') = (place IS NOT NULL)", name=op.f("ck_drift_truth_uploads_place")
        ),
        sa.CheckConstraint(
            "status = 'complete' OR unsettled_from IS NULL",
            name=op.f("ck_drift_truth_uploads_unsettled_from"),
        ),
        sa.ForeignKeyConstraint(
            ["model_key"],
            ["models.row_key"],
            name=op.f("fk_drift_truth_uploads_model_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_drift_truth_uploads")),
        sa.UniqueConstraint(
            "model_key", "upload_id", name=op.f("uq_drift_truth_uploads_model_key_upload_id")
        ),
        sa.UniqueConstraint("model_key", "place", name=op.f("uq_drift_truth_uploads_model_key_place")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.add_column(
            "drift_truths", sa.Column("upload_key", sa.BigInteger(), server_default="0", nullable=False)
        )
        op.drop_constraint("uq_drift_truths_truth_id", "drift_truths", type_="unique")
        op.drop_constraint(_FORMER_KEY, "drift_truths", type_="unique")
        op.create_unique_constraint(
            op.f(_FORMER_KEY + "_upload_key"),
            "drift_truths",
            ["model_key", "entity_id", "outcome_time_us", "upload_key"],
        )
        op.create_check_constraint(op.f("ck_drift_truths_upload"), "drift_truths", "upload_key >= 0")
    else:
        _make_again(with_uploads=True)
    op.create_index("ix_drift_truths_update_time_us", "drift_truths", ["update_time_us"])
    op.create_index(
        "ix_drift_truths_upload",
        "drift_truths",
        ["upload_key", "row_key"],
        sqlite_where=sa.text("upload_key <> 0"),
        postgresql_where=sa.text("upload_key <> 0"),
    )


def downgrade() -> None:
    """Drops uploads; of each outcome the one that is seen stays."""
    newer = (
        "SELECT 1 FROM drift_truths AS n JOIN drift_truth_uploads AS nu ON nu.row_key = n.upload_key"
        " WHERE nu.place IS NOT NULL AND n.model_key = drift_truths.model_key"
        " AND n.entity_id = drift_truths.entity_id AND n.outcome_time_us = drift_truths.outcome_time_us"
        " AND n.row_key <> drift_truths.row_key AND nu.place > COALESCE((SELECT u.place"
        " FROM drift_truth_uploads AS u WHERE u.row_key = drift_truths.upload_key), 0)"
    )
    op.execute(
        "DELETE FROM drift_truths WHERE upload_key <> 0 AND upload_key NOT IN"
        " (SELECT row_key FROM drift_truth_uploads WHERE place IS NOT NULL)"
    )
    op.execute(f"DELETE FROM drift_truths WHERE EXISTS ({newer})")
    for name in ("upload", "update_time_us"):
        op.drop_index(f"ix_drift_truths_{name}", table_name="drift_truths")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_drift_truths_upload"), "drift_truths", type_="check")
        op.drop_constraint(op.f(_FORMER_KEY + "_upload_key"), "drift_truths", type_="unique")
        op.create_unique_constraint(
            _FORMER_KEY, "drift_truths", ["model_key", "entity_id", "outcome_time_us"]
        )
        op.create_unique_constraint("uq_drift_truths_truth_id", "drift_truths", ["truth_id"])
        op.drop_column("drift_truths", "upload_key")
    else:
        _make_again(with_uploads=False)
    op.drop_table("drift_truth_uploads")


def _make_again(*, with_uploads: bool) -> None:
    """Makes SQLite's table anew, which alters no constraints."""
    op.rename_table("drift_truths", "carried_truths")
    key = ["model_key", "entity_id", "outcome_time_us"]
    own: list[sa.schema.SchemaItem] = (
        [
            sa.Column("upload_key", sa.BigInteger(), server_default="0", nullable=False),
            sa.CheckConstraint("upload_key >= 0", name=op.f("ck_drift_truths_upload")),
            sa.UniqueConstraint(*key, "upload_key", name=op.f(_FORMER_KEY + "_upload_key")),
        ]
        if with_uploads
        else [
            sa.UniqueConstraint(*key, name=op.f(_FORMER_KEY)),
            sa.UniqueConstraint("truth_id", name=op.f("uq_drift_truths_truth_id")),
        ]
    )
    op.create_table(
        "drift_truths",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("truth_id", sa.String(length=32), nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        *own[: 1 if with_uploads else 0],
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
        *own[1 if with_uploads else 0 :],
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO drift_truths ({_KEPT}) SELECT {_KEPT} FROM carried_truths")
    op.drop_table("carried_truths")
