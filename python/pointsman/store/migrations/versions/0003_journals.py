"""Who stores under a journal's id, and the openings of its folder."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the tables; journals of before come in when their servers next start."""
    op.create_table(
        "journals",
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("start_id", sa.String(length=32)),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("renewals", sa.BigInteger(), nullable=False),
        sa.Column("renew_time_us", sa.BigInteger(), nullable=False),
        sa.Column("predictions_end", sa.BigInteger(), nullable=False),
        sa.Column("feedback_end", sa.BigInteger(), nullable=False),
        sa.Column("former_id", sa.String(length=32)),
        sa.Column("former_predictions", sa.BigInteger()),
        sa.Column("former_feedback", sa.BigInteger()),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_journals")),
    )
    op.create_table(
        "journal_starts",
        sa.Column("journal_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("start_id", sa.String(length=32), nullable=False),
        sa.Column("predictions_end", sa.BigInteger(), nullable=False),
        sa.Column("feedback_end", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["journal_id"],
            ["journals.journal_id"],
            name=op.f("fk_journal_starts_journal_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("journal_id", "number", name=op.f("pk_journal_starts")),
    )


def downgrade() -> None:
    """Forgets them."""
    op.drop_table("journal_starts")
    op.drop_table("journals")
