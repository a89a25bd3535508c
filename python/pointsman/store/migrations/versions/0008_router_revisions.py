"""Revisions of routers and their slot tables."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
_KINDS = (
    "'imported', 'created', 'updated', 'reweighted', 'toggled', 'permissions', 'deployed',"
    " 'started', 'failed', 'stopped', 'deleted', 'rolled_back'"
)


def upgrade() -> None:
    """Adds the tables; the server imports what its routers are as their first revisions when it starts."""
    op.create_table(
        "router_slot_tables",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("slot_runs", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_router_slot_tables_sha256")),
        _of_router("router_slot_tables"),
        sa.PrimaryKeyConstraint("router_key", "sha256", name=op.f("pk_router_slot_tables")),
    )
    table = "router_revisions"
    op.create_table(
        table,
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("last_generation", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("source_number", sa.BigInteger()),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("slots_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_router_revisions_number")),
        sa.CheckConstraint(
            "generation >= 0 AND generation <= last_generation", name=op.f("ck_router_revisions_generations")
        ),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_router_revisions_kind")),
        sa.CheckConstraint(
            "(kind = 'rolled_back') = (source_number IS NOT NULL)",
            name=op.f("ck_router_revisions_source_number"),
        ),
        _of_router(table),
        sa.ForeignKeyConstraint(
            ["router_key", "slots_sha256"],
            ["router_slot_tables.router_key", "router_slot_tables.sha256"],
            name=op.f("fk_router_revisions_router_key_slots_sha256"),
        ),
        sa.PrimaryKeyConstraint("router_key", "number", name=op.f("pk_router_revisions")),
        sa.UniqueConstraint(
            "router_key", "generation", name=op.f("uq_router_revisions_router_key_generation")
        ),
    )
    op.create_index("ix_router_revisions_router_key_slots_sha256", table, ["router_key", "slots_sha256"])


def downgrade() -> None:
    """Forgets the revisions."""
    op.drop_table("router_revisions")
    op.drop_table("router_slot_tables")


def _of_router(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_router_key")
    return sa.ForeignKeyConstraint(["router_key"], ["routers.row_key"], name=name, ondelete="CASCADE")
