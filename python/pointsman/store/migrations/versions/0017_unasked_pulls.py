"""Calls of bandits' arms that the arms were not asked are counted, so that none is a missing reward."""

import json

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None

_KINDS = {"sqlite": "FLOAT", "postgresql": "DOUBLE PRECISION"}


def upgrade() -> None:
    """Adds the column. No bandit that took missing rewards could have a fallback before."""
    op.execute(
        f"ALTER TABLE arm_pulls ADD COLUMN weighted_unasked_pulls {_KINDS[op.get_bind().dialect.name]}"
        " DEFAULT 0 NOT NULL"
        " CONSTRAINT ck_arm_pulls_weighted_unasked_pulls CHECK (weighted_unasked_pulls >= 0)"
    )


def downgrade() -> None:
    """Drops it; refused while there are bandits that would learn calls of their fallbacks without it."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT router_id, policy FROM routers WHERE strategy = 'bandit' AND fallback <> 'none'"
            " AND delete_time_us IS NULL ORDER BY router_id"
        )
    )
    names = [name for name, policy in found if json.loads(policy).get("missing_reward") is not None]
    if names:
        raise RuntimeError(
            f"bandits {', '.join(names)} have missing_reward and a fallback, and the release before would "
            "count what the fallback answers as missing; set fallback to none or leave missing_reward unset "
            "first"
        )
    op.execute("ALTER TABLE arm_pulls DROP COLUMN weighted_unasked_pulls")
