"""Outcomes of predictions that are past their time are not taken for outcomes of later ones."""

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds horizons; what was deleted before is not known."""
    op.create_table(
        "drift_horizons",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("settled_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("settled_us > 0", name=op.f("ck_drift_horizons_settled_us")),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_drift_horizons_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_key", name=op.f("pk_drift_horizons")),
    )


def downgrade() -> None:
    """Drops horizons."""
    op.drop_table("drift_horizons")
