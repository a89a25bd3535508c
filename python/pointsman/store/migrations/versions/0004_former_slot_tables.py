"""Slot tables that routers had before."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the table; what was in force before is not known."""
    op.create_table(
        "former_slot_tables",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("slot_runs", sa.Text(), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_former_slot_tables_revision")),
        sa.ForeignKeyConstraint(
            ["router_key"],
            ["routers.row_key"],
            name=op.f("fk_former_slot_tables_router_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("router_key", "revision", name=op.f("pk_former_slot_tables")),
    )


def downgrade() -> None:
    """Forgets the tables."""
    op.drop_table("former_slot_tables")
