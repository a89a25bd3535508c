"""Streams: where detectors of changes stand between analyses of a model."""

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds their table; nothing is kept of streams before."""
    op.create_table(
        "drift_streams",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("feature", WORDS, nullable=False),
        sa.Column("algorithm", NAME, nullable=False),
        sa.Column("baseline_key", ROW_KEY, nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.Column("read_until_us", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("feature <> '' AND length(feature) <= 256", name=op.f("ck_drift_streams_feature")),
        sa.CheckConstraint("algorithm <> ''", name=op.f("ck_drift_streams_algorithm")),
        sa.CheckConstraint("begun_us <= read_until_us", name=op.f("ck_drift_streams_read_until")),
        sa.CheckConstraint("row_count >= 0", name=op.f("ck_drift_streams_row_count")),
        sa.CheckConstraint("state <> '' AND length(state) <= 16384", name=op.f("ck_drift_streams_state")),
        sa.CheckConstraint("length(days) <= 2048", name=op.f("ck_drift_streams_days")),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_streams_model_key"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["baseline_key"],
            ["drift_baselines.row_key"],
            name=op.f("fk_drift_streams_baseline_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_key", "feature", "algorithm", name=op.f("pk_drift_streams")),
    )
    op.create_index("ix_drift_streams_baseline_key", "drift_streams", ["baseline_key"])


def downgrade() -> None:
    """Drops it: detectors begin anew."""
    op.drop_table("drift_streams")
