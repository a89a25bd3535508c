"""Rewards of arms have sums for each metric, and calls of arms have what they cost."""

import json

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
_KINDS = {"sqlite": "FLOAT", "postgresql": "DOUBLE PRECISION"}
_COSTS = ("weighted_ended_pulls", "weighted_failures", "weighted_seconds", "weighted_squared_seconds")
_KEPT = "router_key, epoch, variant, bucket_time_us, origin, count, sum, sum_of_squares, calls, revision"


def upgrade() -> None:
    """Adds both; what was learnt so far is of the one metric that each bandit has."""
    _take_out()
    _create_rewards(with_metric=True)
    for router_key, policy in _bandits():
        statement = sa.text(
            f"INSERT INTO arm_rewards ({_KEPT}, metric) SELECT {_KEPT}, :metric FROM carried_rewards"
            " WHERE router_key = :router_key"
        )
        op.get_bind().execute(statement, {"metric": policy["metric"], "router_key": router_key})
    op.drop_table("carried_rewards")
    kind = _KINDS[op.get_bind().dialect.name]
    for column in _COSTS:
        op.execute(
            f"ALTER TABLE arm_pulls ADD COLUMN {column} {kind} DEFAULT 0 NOT NULL"
            f" CONSTRAINT ck_arm_pulls_{column} CHECK ({column} >= 0)"
        )


def downgrade() -> None:
    """Drops them; refused while there are rewards that are sums, which the release before cannot read."""
    found = op.get_bind().execute(
        sa.text(
            "SELECT router_id, policy FROM routers WHERE strategy = 'bandit' AND delete_time_us IS NULL"
            " ORDER BY router_id"
        )
    )
    names = [name for name, policy in found if json.loads(policy).get("terms")]
    if names:
        raise RuntimeError(
            f"the rewards of bandits {', '.join(names)} are sums, and the release before learns by one "
            "metric alone; set bandit.metric and no reward_terms, or delete them first"
        )
    for column in _COSTS:
        op.execute(f"ALTER TABLE arm_pulls DROP COLUMN {column}")
    _take_out()
    _create_rewards(with_metric=False)
    for router_key, policy in _bandits():
        statement = sa.text(
            f"INSERT INTO arm_rewards ({_KEPT}) SELECT {_KEPT} FROM carried_rewards"
            " WHERE router_key = :router_key AND metric = :metric"
        )
        op.get_bind().execute(statement, {"metric": policy["metric"], "router_key": router_key})
    op.drop_table("carried_rewards")


def _bandits() -> list[tuple[int, dict[str, object]]]:
    found = op.get_bind().execute(sa.text("SELECT row_key, policy FROM routers WHERE strategy = 'bandit'"))
    return [(router_key, json.loads(policy)) for router_key, policy in found]


def _take_out() -> None:
    op.execute("CREATE TABLE carried_rewards AS SELECT * FROM arm_rewards")
    op.drop_table("arm_rewards")


def _create_rewards(*, with_metric: bool) -> None:
    key = ["router_key", "epoch", "variant", "bucket_time_us", *(["metric"] if with_metric else [])]
    op.create_table(
        "arm_rewards",
        sa.Column("router_key", ROW_KEY, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("bucket_time_us", sa.BigInteger(), nullable=False, autoincrement=False),
        *([sa.Column("metric", NAME, nullable=False)] if with_metric else []),
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
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_arm_rewards")),
    )
