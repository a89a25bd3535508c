"""Erased predictions are known by a digest of their ids; totals of feedback are counts alone."""

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = {"sqlite": "FLOAT", "postgresql": "DOUBLE PRECISION"}
_SUMS = {"total": "f.value", "total_squares": "f.value * f.value"}


def upgrade() -> None:
    """Makes the table, and drops sums that nothing reads: figures are of the values that stand."""
    op.create_table(
        "erased_predictions",
        sa.Column("sequence", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("prediction_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("prediction_time_us >= 0", name=op.f("ck_erased_predictions_prediction_time")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_erased_predictions")),
        sa.UniqueConstraint("digest", name=op.f("uq_erased_predictions_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_erased_predictions_prediction_time_us", "erased_predictions", ["prediction_time_us"])
    for column in _SUMS:
        op.execute(f"ALTER TABLE feedback_totals DROP COLUMN {column}")


def downgrade() -> None:
    """Drops it, and adds up what the database still has."""
    kind = _KINDS[op.get_bind().dialect.name]
    for column, summed in _SUMS.items():
        op.execute(f"ALTER TABLE feedback_totals ADD COLUMN {column} {kind} DEFAULT 0 NOT NULL")
        op.execute(
            f"UPDATE feedback_totals SET {column} = COALESCE((SELECT SUM({summed}) FROM feedback AS f"
            " WHERE f.router_key = feedback_totals.router_key AND f.variant = feedback_totals.variant"
            " AND f.metric = feedback_totals.metric AND f.counted), 0)"
        )
    op.drop_index("ix_erased_predictions_prediction_time_us", table_name="erased_predictions")
    op.drop_table("erased_predictions")
