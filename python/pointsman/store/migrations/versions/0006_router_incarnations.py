"""Routers get an incarnation, which tells them from others of the same id; files of the lake name it."""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateColumn

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

# Seven bytes in a prediction id at most, and exact wherever numbers are doubles.
_INCARNATIONS = 2**49
_INDEX = "uq_routers_incarnation"
_ROUTERS = sa.table("routers", sa.column("row_key"), sa.column("incarnation"))


def upgrade() -> None:
    """Gives every router a number of its own; files that are there already say none."""
    _add_column("routers", "incarnation")
    _add_column("lake_files", "router_incarnation")
    connection = op.get_bind()
    row_keys = connection.execute(sa.select(_ROUTERS.c.row_key)).scalars().all()
    if row_keys:
        statement = (
            sa.update(_ROUTERS)
            .where(_ROUTERS.c.row_key == sa.bindparam("of_row"))
            .values(incarnation=sa.bindparam("drawn"))
        )
        drawn = [{"of_row": key, "drawn": 1 + secrets.randbelow(_INCARNATIONS - 1)} for key in row_keys]
        connection.execute(statement, drawn)
    named = sa.text("incarnation <> 0")
    op.create_index(
        _INDEX,
        "routers",
        ["router_id", "incarnation"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )


def downgrade() -> None:
    """Drops the numbers; records and prediction ids that name one keep it, and later ones get none."""
    op.drop_index(_INDEX, table_name="routers")
    op.execute("ALTER TABLE lake_files DROP COLUMN router_incarnation")
    op.execute("ALTER TABLE routers DROP COLUMN incarnation")


def _add_column(table: str, name: str) -> None:
    """Adds a column with its check in one statement: SQLite cannot add a check later."""
    check = sa.CheckConstraint(f"{name} >= 0", name=op.f(f"ck_{table}_{name}"))
    # A server of the former release that still runs beside this one does not know the column.
    column = sa.Column(name, sa.BigInteger(), check, nullable=False, server_default="0")
    sa.Table(table, sa.MetaData(), column)
    specification = CreateColumn(column).compile(dialect=op.get_bind().dialect)
    op.execute(f"ALTER TABLE {table} ADD COLUMN {specification}")
