"""Former slot tables are found by the numbers of slots that they give."""

import hashlib
import json
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLE = "former_slot_tables"
_ROWS = sa.table(_TABLE, *map(sa.column, ("router_key", "counts_sha256", "revision", "names", "slot_runs")))


def upgrade() -> None:
    """Makes the table anew with the digest of each table's counts as its key."""
    connection = op.get_bind()
    columns = _ROWS.c
    known = sa.select(columns.router_key, columns.revision, columns.names, columns.slot_runs)
    # Of equal counts the latest comes last, and stays.
    rows = connection.execute(known.order_by(columns.revision)).mappings().all()
    by_counts = {
        (row["router_key"], digest): {**row, "counts_sha256": digest}
        for row, digest in ((row, _digest(row["names"], row["slot_runs"])) for row in rows)
    }
    op.drop_table(_TABLE)
    _create(
        sa.Column("counts_sha256", sa.LargeBinary(32), nullable=False),
        sa.CheckConstraint("length(counts_sha256) = 32", name=op.f("ck_former_slot_tables_counts_sha256")),
        key="counts_sha256",
    )
    if by_counts:
        connection.execute(sa.insert(_ROWS), list(by_counts.values()))


def downgrade() -> None:
    """Makes the table as it was; it holds the same rows."""
    connection = op.get_bind()
    columns = _ROWS.c
    known = sa.select(columns.router_key, columns.revision, columns.names, columns.slot_runs)
    rows = [dict(row) for row in connection.execute(known).mappings()]
    op.drop_table(_TABLE)
    _create(key="revision")
    if rows:
        connection.execute(sa.insert(_ROWS), rows)


def _create(*of_counts: sa.schema.SchemaItem, key: str) -> None:
    op.create_table(
        _TABLE,
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("slot_runs", sa.Text(), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_former_slot_tables_revision")),
        *of_counts,
        sa.ForeignKeyConstraint(
            ["router_key"],
            ["routers.row_key"],
            name=op.f("fk_former_slot_tables_router_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("router_key", key, name=op.f("pk_former_slot_tables")),
    )


def _digest(names: str, slot_runs: str) -> bytes:
    variants = json.loads(names)
    runs = [int(number) for number in slot_runs.split(",")]
    counts: Counter[str] = Counter()
    for index, length in zip(runs[::2], runs[1::2], strict=True):
        counts[variants[index]] += length
    return hashlib.sha256(json.dumps(sorted(counts.items())).encode()).digest()
