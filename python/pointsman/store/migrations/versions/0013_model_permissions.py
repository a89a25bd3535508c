"""Models have one owner, and permissions as routers do."""

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
_LOCAL = "local"
"""Who owns what was made before the first key."""


def upgrade() -> None:
    """Adds the tables. Models that are there stay open: every user may read and call them."""
    op.create_table(
        "models",
        sa.Column("row_key", ROW_KEY, autoincrement=True, nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("owner", NAME, nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("public_predict", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("revision > 0", name=op.f("ck_models_revision")),
        sa.PrimaryKeyConstraint("row_key", name=op.f("pk_models")),
        sa.UniqueConstraint("model_id", name=op.f("uq_models_model_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "model_permissions",
        sa.Column("model_key", ROW_KEY, nullable=False),
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_model_permissions_position")),
        sa.ForeignKeyConstraint(
            ["model_key"],
            ["models.row_key"],
            name=op.f("fk_model_permissions_model_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_key", "user_id", name=op.f("pk_model_permissions")),
    )
    op.create_index("ix_model_permissions_user_id", "model_permissions", ["user_id"])
    _open_those_there()


def downgrade() -> None:
    """Forgets the permissions; every user may call every model again. Versions kept their model's owner."""
    op.drop_table("model_permissions")
    op.drop_table("models")


def _open_those_there() -> None:
    """Gives every model an owner and open permissions.

    The owner is who registered the first of its versions, ``local`` only where nobody else did. Others who
    registered versions of it are among the users that it is shared with, so that they read it still when it
    is closed one day.
    """
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT model_id, owner FROM model_versions WHERE delete_time_us IS NULL ORDER BY row_key")
    )
    users: dict[str, list[str]] = {}
    for model_id, user in found:
        users.setdefault(model_id, []).append(user)
    add_model = sa.text(
        "INSERT INTO models (model_id, owner, public, public_predict, revision)"
        " VALUES (:model_id, :owner, TRUE, TRUE, 1) RETURNING row_key"
    )
    add_user = sa.text(
        "INSERT INTO model_permissions (model_key, user_id, position)"
        " VALUES (:model_key, :user_id, :position)"
    )
    for model_id, registered in users.items():
        first, *others = sorted(dict.fromkeys(registered), key=lambda user: user == _LOCAL)
        added = connection.execute(add_model, {"model_id": model_id, "owner": first}).scalar_one()
        for position, user in enumerate(others):
            connection.execute(add_user, {"model_key": added, "user_id": user, "position": position})
