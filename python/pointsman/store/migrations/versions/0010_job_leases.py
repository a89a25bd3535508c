"""Leases of periodic work that one server does for all."""

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

NAME = sa.String(length=128).with_variant(sa.String(length=128, collation="C"), "postgresql")
_TOLD = "job_leases: a fencing number goes to one owner and never goes back"
_BROKEN = "NEW.fencing < OLD.fencing OR (NEW.fencing = OLD.fencing AND NEW.owner <> OLD.owner)"


def upgrade() -> None:
    """Adds the table, and the triggers that keep its numbers from going back."""
    op.create_table(
        "job_leases",
        sa.Column("job", NAME, nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("fencing", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("done_time_us", sa.BigInteger()),
        sa.CheckConstraint("job <> ''", name=op.f("ck_job_leases_job")),
        sa.CheckConstraint("fencing >= 0", name=op.f("ck_job_leases_fencing")),
        sa.CheckConstraint("(fencing = 0) = (owner = '')", name=op.f("ck_job_leases_owner")),
        sa.CheckConstraint("until_us >= 0", name=op.f("ck_job_leases_until")),
        sa.CheckConstraint("done_time_us >= 0", name=op.f("ck_job_leases_done_time")),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_leases")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_postgresql() -> None:
    # Begun anew, numbers would be given a second time: a row that goes takes them with it.
    op.execute(
        "CREATE FUNCTION job_leases_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN"
        f" RAISE EXCEPTION '{_TOLD}' USING ERRCODE = 'check_violation'; END $guard$"
    )
    op.execute(
        "CREATE TRIGGER job_leases_fencing BEFORE UPDATE ON job_leases FOR EACH ROW"
        f" WHEN ({_BROKEN}) EXECUTE FUNCTION job_leases_guard()"
    )
    op.execute(
        "CREATE TRIGGER job_leases_stay BEFORE DELETE ON job_leases FOR EACH ROW"
        " EXECUTE FUNCTION job_leases_guard()"
    )


def _guard_sqlite() -> None:
    raised = f"BEGIN SELECT RAISE(ABORT, '{_TOLD}'); END"
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER job_leases_fencing BEFORE UPDATE ON job_leases WHEN {_BROKEN} {raised}"
    )
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER job_leases_stay BEFORE DELETE ON job_leases {raised}")


def downgrade() -> None:
    """Drops the table; every job is begun anew."""
    op.drop_table("job_leases")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION job_leases_guard()")
