"""Routers may say where calls of a variant go that no live backend serves."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the column."""
    with op.batch_alter_table("routers") as table:
        table.add_column(sa.Column("fallback", sa.String(length=16), nullable=False, server_default="none"))
        table.create_check_constraint(
            op.f("ck_routers_fallback"), "fallback IN ('none', 'control', 'any_healthy')"
        )


def downgrade() -> None:
    """Forgets it."""
    with op.batch_alter_table("routers") as table:
        table.drop_constraint(op.f("ck_routers_fallback"), type_="check")
        table.drop_column("fallback")
