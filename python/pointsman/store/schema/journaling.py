"""Journals, the servers that keep them, and how far each is stored."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, String, Table, Text

from pointsman.store.schema.columns import metadata

# How far a journal's logs are in these tables; raised in the transaction that stores what was before.
journal_positions = Table(
    "journal_positions",
    metadata,
    Column("journal_id", String(32), primary_key=True),
    Column("stream", String(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    CheckConstraint("stream IN ('predictions', 'feedback')", name="stream"),
    CheckConstraint("position >= 0", name="position"),
)

# Who stores under a journal's id: the opening of a folder that came last, so that no copy of it does as well.
journals = Table(
    "journals",
    metadata,
    Column("journal_id", String(32), primary_key=True),
    # Unset while nobody has.
    Column("start_id", String(32)),
    Column("place", Text, nullable=False),
    # Whether it has not said that it ended.
    Column("held", Boolean, nullable=False),
    # Goes up as long as it lives: no clock of another machine is asked.
    Column("renewals", BigInteger, nullable=False),
    Column("renew_time_us", BigInteger, nullable=False),
    # Where its logs ended then, to tell what a journal holds whose server is gone.
    Column("predictions_end", BigInteger, nullable=False),
    Column("feedback_end", BigInteger, nullable=False),
    # The journal that this one's folder is a copy of, and up to where.
    Column("former_id", String(32)),
    Column("former_predictions", BigInteger),
    Column("former_feedback", BigInteger),
)

# The openings of journals' folders, by which a copy is known: it lacks those that came after it was made.
journal_starts = Table(
    "journal_starts",
    metadata,
    Column("journal_id", ForeignKey("journals.journal_id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("start_id", String(32), nullable=False),
    Column("predictions_end", BigInteger, nullable=False),
    Column("feedback_end", BigInteger, nullable=False),
)

# Each server writes its row itself; times are by the database's clock.
servers = Table(
    "servers",
    metadata,
    Column("journal_id", String(32), primary_key=True),
    # Its machine and data folder.
    Column("place", Text, nullable=False),
    Column("seen_time_us", BigInteger, nullable=False),
    # Calls that arrived before this time are in files of the manifest.
    Column("stored_until_us", BigInteger, nullable=False),
    # Whether it ended with everything that it recorded in files of the manifest.
    Column("ended", Boolean, nullable=False),
)
