"""Strategies have settings, and operators can send everything to one variant for a while."""

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

_NAME = {"sqlite": "VARCHAR(128)", "postgresql": 'VARCHAR(128) COLLATE "C"'}
_OPTIONAL = {
    "override_expire_time_us": "BIGINT",
    "override_reason": "TEXT",
    "override_user_id": None,
    "override_create_time_us": "BIGINT",
}


def upgrade() -> None:
    """Adds the columns; what is there is weighted, and needs nothing besides its variants."""
    name = _NAME[op.get_bind().dialect.name]
    op.execute("ALTER TABLE routers ADD COLUMN policy TEXT DEFAULT '{}' NOT NULL")
    op.execute(f"ALTER TABLE routers ADD COLUMN override_variant {name}")
    for column, kind in list(_OPTIONAL.items())[:-1]:
        op.execute(f"ALTER TABLE routers ADD COLUMN {column} {kind or name}")
    # The last one bears the constraint: SQLite adds none to a table that is there otherwise.
    op.execute(
        "ALTER TABLE routers ADD COLUMN override_create_time_us BIGINT"
        " CONSTRAINT ck_routers_override_whole CHECK ("
        "(override_variant IS NULL) = (override_expire_time_us IS NULL)"
        " AND (override_variant IS NULL) = (override_reason IS NULL)"
        " AND (override_variant IS NULL) = (override_user_id IS NULL)"
        " AND (override_variant IS NULL) = (override_create_time_us IS NULL))"
    )
    op.create_index(
        op.f("ix_routers_override_expire_time_us"), "routers", ["override_expire_time_us"], unique=False
    )


def downgrade() -> None:
    """Ends all overrides; refused while there are routers of other strategies, for none is deleted unseen."""
    found = op.get_bind().execute(
        sa.text("SELECT router_id FROM routers WHERE strategy <> 'weighted' AND delete_time_us IS NULL")
    )
    names = [row[0] for row in found]
    if names:
        raise RuntimeError(
            f"routers {', '.join(names)} are not weighted, and the release before serves no other strategy; "
            "delete them first"
        )
    op.drop_index("ix_routers_override_expire_time_us", table_name="routers")
    op.execute("ALTER TABLE routers DROP COLUMN override_create_time_us")
    for column in [*reversed(list(_OPTIONAL)[:-1]), "override_variant", "policy"]:
        op.execute(f"ALTER TABLE routers DROP COLUMN {column}")
