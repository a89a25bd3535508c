"""Logged predictions have files of their own in the lake, from which entities are erased, too."""

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128)
REPLACED = sa.text("replace_time_us IS NOT NULL")
LOGGED = sa.text("kind = 'logged'")
FORMER_KINDS = (
    "(kind IN ('predictions', 'shadows') AND model_id <> '') OR (kind = 'feedback' AND model_id = '')"
)
KINDS = FORMER_KINDS.replace("'shadows')", "'shadows', 'logged')")


def upgrade() -> None:
    """Widens the kinds of files, and adds which models an erasure is of; what is logged stays where it is."""
    _constrain(KINDS)
    op.create_index(
        "ix_lake_files_logged", "lake_files", ["end_position"], sqlite_where=LOGGED, postgresql_where=LOGGED
    )
    op.create_table(
        "logged_erasures",
        sa.Column("erasure_key", ROW_KEY, nullable=False),
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("prediction_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_logged_erasures_last_number")),
        sa.CheckConstraint("prediction_count >= 0", name=op.f("ck_logged_erasures_prediction_count")),
        sa.ForeignKeyConstraint(
            ["erasure_key"],
            ["erasures.row_key"],
            name=op.f("fk_logged_erasures_erasure_key"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_key"], ["models.row_key"], name=op.f("fk_logged_erasures_model_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("erasure_key", "model_key", name=op.f("pk_logged_erasures")),
    )
    op.create_index("ix_logged_erasures_model_key", "logged_erasures", ["model_key"])


def downgrade() -> None:
    """Goes back; refused while there are such files, which the release before would not read."""
    found = op.get_bind().execute(
        sa.text("SELECT DISTINCT model_id FROM lake_files WHERE kind = 'logged' ORDER BY model_id")
    )
    names = [row[0] for row in found]
    if names:
        raise RuntimeError(
            f"logged predictions of models {', '.join(names)} are in files of the lake, which the release "
            "before does not read; delete the models first, or wait until they are past their time"
        )
    op.drop_table("logged_erasures")
    op.drop_index("ix_lake_files_logged", "lake_files")
    _constrain(FORMER_KINDS)


def _constrain(kinds: str) -> None:
    """Gives the manifest another constraint, which SQLite does by moving all rows."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_lake_files_kind"), "lake_files")
        op.create_check_constraint(op.f("ck_lake_files_kind"), "lake_files", kinds)
        return
    between = "lake_files_0027"
    _create_lake_files(between, kinds)
    columns = ", ".join(column["name"] for column in sa.inspect(op.get_bind()).get_columns("lake_files"))
    op.execute(f"INSERT INTO {between} ({columns}) SELECT {columns} FROM lake_files")
    op.drop_table("lake_files")
    op.rename_table(between, "lake_files")
    op.create_index(
        "ix_lake_files_router_id_kind_max_time_us", "lake_files", ["router_id", "kind", "max_time_us"]
    )
    op.create_index("ix_lake_files_replaced", "lake_files", ["replace_time_us"], sqlite_where=REPLACED)


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
