"""The servers on a database, erasures that wait for them, tokens of generations."""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds tables and columns; the journals that the database has heard of become servers."""
    for name in ("token", "base_token"):
        column = sa.Column(name, sa.String(length=32), nullable=False, server_default="")
        op.add_column("generation", column)
    op.create_table(
        "generation_tokens",
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_generation_tokens_value")),
        sa.PrimaryKeyConstraint("value", name=op.f("pk_generation_tokens")),
    )
    op.execute("INSERT INTO generation_tokens (value, token) SELECT value, token FROM generation")
    op.create_table(
        "servers",
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("seen_time_us", sa.BigInteger(), nullable=False),
        sa.Column("stored_until_us", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_servers")),
    )
    _create_erasures()
    # Nobody knows whether they have more than the manifest lists.
    op.execute(
        "INSERT INTO servers (journal_id, place, seen_time_us, stored_until_us, ended)"
        " SELECT journal_id, '', 0, 0, FALSE FROM journal_positions"
        " UNION SELECT journal_id, '', 0, 0, FALSE FROM lake_files"
    )


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("router_id", NAME, nullable=False),
        sa.Column("entity_id", WORDS),
        sa.Column("request_time_us", sa.BigInteger(), nullable=False),
        sa.Column("complete_time_us", sa.BigInteger()),
        sa.Column("prediction_count", sa.BigInteger(), nullable=False),
        sa.Column("feedback_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(entity_id IS NULL) = (complete_time_us IS NOT NULL)", name=op.f("ck_erasures_complete")
        ),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_erasures")),
        sa.UniqueConstraint("router_id", "entity_id", name=op.f("uq_erasures_router_id_entity_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "erasure_servers",
        sa.Column("erasure_key", ROW_KEY, nullable=False),
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_key"],
            ["erasures.row_key"],
            name=op.f("fk_erasure_servers_erasure_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("erasure_key", "journal_id", name=op.f("pk_erasure_servers")),
    )
    op.create_index("ix_erasure_servers_journal_id", "erasure_servers", ["journal_id"])
    op.create_table(
        "erasure_predictions",
        sa.Column("erasure_key", ROW_KEY, nullable=False),
        sa.Column("prediction_id", WORDS, nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_key"],
            ["erasures.row_key"],
            name=op.f("fk_erasure_predictions_erasure_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("erasure_key", "prediction_id", name=op.f("pk_erasure_predictions")),
    )


def downgrade() -> None:
    """Drops the tables and columns; erasures that are pending are forgotten."""
    op.drop_table("erasure_predictions")
    op.drop_table("erasure_servers")
    op.drop_table("erasures")
    op.drop_table("servers")
    op.drop_table("generation_tokens")
    with op.batch_alter_table("generation") as table:
        table.drop_column("base_token")
        table.drop_column("token")
