"""Users of keys are defined, and bound what their keys may do."""

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | None = None
depends_on: str | None = None

NAME = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SCOPE_SETS = (
    "",
    "mlops:read",
    "mlops:write",
    "mlops:predict",
    "mlops:read,mlops:write",
    "mlops:read,mlops:predict",
    "mlops:write,mlops:predict",
    "mlops:read,mlops:write,mlops:predict",
)


def upgrade() -> None:
    """Makes the table; nobody is defined, so that every key may do what it says, as before."""
    op.create_table(
        "users",
        sa.Column("user_id", NAME, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("create_time_us", sa.BigInteger(), nullable=False),
        sa.Column("update_time_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length(user_id) > 0", name=op.f("ck_users_user_id")),
        sa.CheckConstraint(f"scopes IN ({', '.join(map(repr, SCOPE_SETS))})", name=op.f("ck_users_scopes")),
        sa.CheckConstraint("NOT admin OR scopes = ''", name=op.f("ck_users_admin_scopes")),
        sa.CheckConstraint("update_time_us >= create_time_us", name=op.f("ck_users_times")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
    )


def downgrade() -> None:
    """Drops the table: from then on keys are bound by themselves only."""
    op.drop_table("users")
