"""What bandits learn from: rewards and calls of their arms."""

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the tables; no router has learnt anything yet."""
    op.create_table(
        "arm_rewards",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("bucket_time_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("origin", sa.Float(precision=53), nullable=False),
        sa.Column("count", sa.Float(precision=53), nullable=False),
        sa.Column("sum", sa.Float(precision=53), nullable=False),
        sa.Column("sum_of_squares", sa.Float(precision=53), nullable=False),
        sa.Column("calls", sa.Float(precision=53), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("epoch > 0", name=op.f("ck_arm_rewards_epoch")),
        sa.CheckConstraint("bucket_time_us >= 0", name=op.f("ck_arm_rewards_bucket_time")),
        sa.CheckConstraint("calls >= 0", name=op.f("ck_arm_rewards_calls")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_arm_rewards_revision")),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_arm_rewards_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "router_key", "epoch", "variant", "bucket_time_us", name=op.f("pk_arm_rewards")
        ),
    )
    op.create_table(
        "arm_pulls",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("replica", sa.String(length=32), nullable=False),
        sa.Column("bucket_time_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("pulls", sa.BigInteger(), nullable=False),
        sa.Column("weighted_pulls", sa.Float(precision=53), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("epoch > 0", name=op.f("ck_arm_pulls_epoch")),
        sa.CheckConstraint("bucket_time_us >= 0", name=op.f("ck_arm_pulls_bucket_time")),
        sa.CheckConstraint("pulls >= 0", name=op.f("ck_arm_pulls_pulls")),
        sa.CheckConstraint("weighted_pulls >= 0", name=op.f("ck_arm_pulls_weighted_pulls")),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_arm_pulls_sequence")),
        sa.ForeignKeyConstraint(
            ["router_key"], ["routers.row_key"], name=op.f("fk_arm_pulls_router_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "router_key", "epoch", "variant", "replica", "bucket_time_us", name=op.f("pk_arm_pulls")
        ),
    )


def downgrade() -> None:
    """Drops what was learnt; refused while there are bandits, for the release before serves none."""
    found = op.get_bind().execute(
        sa.text("SELECT router_id FROM routers WHERE strategy = 'bandit' AND delete_time_us IS NULL")
    )
    names = [row[0] for row in found]
    if names:
        raise RuntimeError(
            f"routers {', '.join(names)} are bandits, and the release before serves none; delete them first"
        )
    op.drop_table("arm_pulls")
    op.drop_table("arm_rewards")
