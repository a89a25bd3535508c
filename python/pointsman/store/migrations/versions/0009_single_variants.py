"""Routers may say that one enabled variant is enough."""

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column(
        "routers", sa.Column("allow_single", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Forgets it."""
    op.execute("ALTER TABLE routers DROP COLUMN allow_single")
