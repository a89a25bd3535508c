"""Variants may be shadows, whose answers have files of their own in the lake."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128)
REPLACED = sa.text("replace_time_us IS NOT NULL")
ROLES = "role IN ('candidate', 'control', 'canary', 'shadow')"
FORMER_ROLES = "role IN ('candidate', 'control', 'canary')"
KINDS = "(kind IN ('predictions', 'shadows') AND model_id <> '') OR (kind = 'feedback' AND model_id = '')"
FORMER_KINDS = "(kind = 'predictions' AND model_id <> '') OR (kind = 'feedback' AND model_id = '')"


def upgrade() -> None:
    """Widens both constraints and adds the share of calls that are copied."""
    _constrain(ROLES, KINDS)
    op.execute(
        f"ALTER TABLE routers ADD COLUMN shadow_share {_double()} DEFAULT 1 NOT NULL"
        " CONSTRAINT ck_routers_shadow_share CHECK (shadow_share >= 0 AND shadow_share <= 1)"
    )


def downgrade() -> None:
    """Goes back; refused while a router has shadows. The lake's folder ``shadows`` can be deleted then."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT DISTINCT router_id FROM routers JOIN variants ON variants.router_key = routers.row_key"
            " WHERE variants.role = 'shadow' AND delete_time_us IS NULL ORDER BY router_id"
        )
    )
    names = [row[0] for row in found]
    if names:
        raise RuntimeError(
            f"routers {', '.join(names)} have shadows, which the release before does not know; take them "
            "away first"
        )
    op.execute("UPDATE variants SET role = 'candidate' WHERE role = 'shadow'")
    op.execute("DELETE FROM lake_files WHERE kind = 'shadows'")
    _constrain(FORMER_ROLES, FORMER_KINDS)
    op.execute("ALTER TABLE routers DROP COLUMN shadow_share")


def _double() -> str:
    return "FLOAT" if _is_sqlite() else "DOUBLE PRECISION"


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _constrain(roles: str, kinds: str) -> None:
    """Gives both tables other constraints, which SQLite does by moving all rows."""
    if _is_sqlite():
        _move("variants", lambda name: _create_variants(name, roles))
        op.create_index("ix_variants_model_version_key", "variants", ["model_version_key"])
        _move("lake_files", lambda name: _create_lake_files(name, kinds))
        op.create_index(
            "ix_lake_files_router_id_kind_max_time_us", "lake_files", ["router_id", "kind", "max_time_us"]
        )
        op.create_index("ix_lake_files_replaced", "lake_files", ["replace_time_us"], sqlite_where=REPLACED)
        return
    for table, name, condition in (("variants", "role", roles), ("lake_files", "kind", kinds)):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _move(table: str, create: Callable[[str], None]) -> None:
    """Makes a table anew with all its rows. No other table refers to it."""
    between = f"{table}_0016"
    create(between)
    columns = ", ".join(column["name"] for column in sa.inspect(op.get_bind()).get_columns(table))
    op.execute(f"INSERT INTO {between} ({columns}) SELECT {columns} FROM {table}")
    op.drop_table(table)
    op.rename_table(between, table)


def _create_variants(name: str, roles: str) -> None:
    op.create_table(
        name,
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model_version_key", ROW_KEY, nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint(roles, name=op.f("ck_variants_role")),
        sa.CheckConstraint("weight >= 0 AND weight <= 100", name=op.f("ck_variants_weight")),
        sa.ForeignKeyConstraint(
            ["model_version_key"], ["model_versions.row_key"], name=op.f("fk_variants_model_version_key")
        ),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_variants_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("router_key", "name", name=op.f("pk_variants")),
        sa.UniqueConstraint("router_key", "position", name=op.f("uq_variants_router_key_position")),
    )


def _create_lake_files(name: str, kinds: str) -> None:
    op.create_table(
        name,
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("router_id", NAME, nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("start_position", sa.BigInteger(), nullable=False),
        sa.Column("end_position", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("min_time_us", sa.BigInteger(), nullable=False),
        sa.Column("max_time_us", sa.BigInteger(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("replace_time_us", sa.BigInteger()),
        # With its column, so that it goes with it.
        sa.Column(
            "router_incarnation",
            sa.BigInteger(),
            sa.CheckConstraint("router_incarnation >= 0", name=op.f("ck_lake_files_router_incarnation")),
            nullable=False,
            server_default="0",
        ),
        sa.CheckConstraint(kinds, name=op.f("ck_lake_files_kind")),
        sa.CheckConstraint("path <> ''", name=op.f("ck_lake_files_path")),
        sa.CheckConstraint(
            "start_position >= 0 AND start_position <= end_position", name=op.f("ck_lake_files_positions")
        ),
        sa.CheckConstraint("row_count > 0", name=op.f("ck_lake_files_row_count")),
        sa.CheckConstraint("byte_count > 0", name=op.f("ck_lake_files_byte_count")),
        sa.CheckConstraint("min_time_us <= max_time_us", name=op.f("ck_lake_files_times")),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_lake_files")),
        sa.UniqueConstraint("path", name=op.f("uq_lake_files_path")),
    )
