"""What bandits learn from: rewards and calls of their arms, added up."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, ForeignKey, String, Table

from pointsman.store.schema.columns import Name, metadata

# Whoever stores feedback adds to it in the same transaction. Of rows that are only added to, any server may
# add to any at any time.
arm_rewards = Table(
    "arm_rewards",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("variant", Name, primary_key=True),
    # By the time of the predictions; 0 where time tells nothing.
    Column("bucket_time_us", BigInteger, primary_key=True, autoincrement=False),
    # Each metric of a sum has sums of its own: they come at different times, and for different calls.
    Column("metric", Name, primary_key=True),
    # What the sums are about, a number near the rewards: about 0 those near 10^12 would leave no digits.
    Column("origin", Float(53), nullable=False),
    # Fractions: what is folded into a later bucket has faded. Below 0 where a value was taken out of another.
    Column("count", Float(53), nullable=False),
    Column("sum", Float(53), nullable=False),
    Column("sum_of_squares", Float(53), nullable=False),
    # How many calls had feedback, told by that of their row 0: those of several rows have more rewards.
    Column("calls", Float(53), nullable=False),
    # One more with each change, so that a look at their sum tells whether anything came.
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("epoch > 0", name="epoch"),
    CheckConstraint("bucket_time_us >= 0", name="bucket_time"),
    CheckConstraint("calls >= 0", name="calls"),
    CheckConstraint("revision > 0", name="revision"),
)

# Absolute, each row of one start of one server: written again it changes nothing.
arm_pulls = Table(
    "arm_pulls",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("variant", Name, primary_key=True),
    # The start that counted them; empty where those of several were put together.
    Column("replica", String(32), primary_key=True),
    # By the time at which they were counted.
    Column("bucket_time_us", BigInteger, primary_key=True, autoincrement=False),
    Column("pulls", BigInteger, nullable=False),
    # The same, each with what was left of its weight at the bucket's time.
    Column("weighted_pulls", Float(53), nullable=False),
    # Those that the arm was not asked, weighed so, too; counted when that is known, which may be in a later
    # bucket than that of the calls.
    Column("weighted_unasked_pulls", Float(53), nullable=False, server_default="0"),
    # What calls cost that the arm was asked, counted when they ended and weighed so, too; nothing where the
    # reward has no costs. How many, how many of them it failed, the times in seconds, and their squares.
    Column("weighted_ended_pulls", Float(53), nullable=False, server_default="0"),
    Column("weighted_failures", Float(53), nullable=False, server_default="0"),
    Column("weighted_seconds", Float(53), nullable=False, server_default="0"),
    Column("weighted_squared_seconds", Float(53), nullable=False, server_default="0"),
    # The higher one holds.
    Column("sequence", BigInteger, nullable=False),
    CheckConstraint("epoch > 0", name="epoch"),
    CheckConstraint("bucket_time_us >= 0", name="bucket_time"),
    CheckConstraint("pulls >= 0", name="pulls"),
    CheckConstraint("weighted_pulls >= 0", name="weighted_pulls"),
    CheckConstraint("weighted_unasked_pulls >= 0", name="weighted_unasked_pulls"),
    CheckConstraint("weighted_ended_pulls >= 0", name="weighted_ended_pulls"),
    CheckConstraint("weighted_failures >= 0", name="weighted_failures"),
    CheckConstraint("weighted_seconds >= 0", name="weighted_seconds"),
    CheckConstraint("weighted_squared_seconds >= 0", name="weighted_squared_seconds"),
    CheckConstraint("sequence > 0", name="sequence"),
)
