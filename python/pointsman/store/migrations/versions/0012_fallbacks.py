"""Routers may say where calls of a variant go that no live backend serves."""

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the column; SQLite adds a constraint only with its column, unless all rows are moved."""
    op.execute(
        "ALTER TABLE routers ADD COLUMN fallback VARCHAR(16) DEFAULT 'none' NOT NULL"
        " CONSTRAINT ck_routers_fallback CHECK (fallback IN ('none', 'control', 'any_healthy'))"
    )


def downgrade() -> None:
    """Forgets it, and its constraint with it."""
    op.execute("ALTER TABLE routers DROP COLUMN fallback")
