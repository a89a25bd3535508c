"""Periodic work."""

from sqlalchemy import BigInteger, CheckConstraint, Column, String, Table

from pointsman.store.schema.columns import Name, metadata

# Periodic work that one server does for all. A trigger on each database refuses a lesser fencing number, and
# another owner under the same one. Times are by the database's clock.
job_leases = Table(
    "job_leases",
    metadata,
    Column("job", Name, primary_key=True),
    # The journal of the server that last took it; empty for none yet.
    Column("owner", String(32), nullable=False),
    Column("fencing", BigInteger, nullable=False),
    # Until when nobody else takes it, unless it is given back before.
    Column("until_us", BigInteger, nullable=False),
    # When the last run began that was finished.
    Column("done_time_us", BigInteger),
    CheckConstraint("job <> ''", name="job"),
    CheckConstraint("fencing >= 0", name="fencing"),
    CheckConstraint("(fencing = 0) = (owner = '')", name="owner"),
    CheckConstraint("until_us >= 0", name="until"),
    CheckConstraint("done_time_us >= 0", name="done_time"),
)
