"""What routers were: their revisions."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pointsman.store.schema.columns import Name, metadata

# Slot tables of routers' revisions, each once: most changes leave it as it is, and many go back to one.
router_slot_tables = Table(
    "router_slot_tables",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    # Of the runs before they were compressed.
    Column("sha256", LargeBinary(32), primary_key=True),
    # Variant position and length in turn, as little-endian numbers of 16 bits, compressed with zlib.
    Column("slot_runs", LargeBinary, nullable=False),
    CheckConstraint("length(sha256) = 32", name="sha256"),
)

# Every definition of a router that was published, as long as records of it live.
router_revisions = Table(
    "router_revisions",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    # 1, 2, 3 in the order of the changes.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # The generations in which the router was this: the one that made it, and the last in which it changed
    # without becoming another, as when a deployment ends.
    Column("generation", BigInteger, nullable=False),
    Column("last_generation", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    # Empty for the server itself.
    Column("user_id", Name, nullable=False),
    Column("key_id", String(8), nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    Column("comment", Text, nullable=False),
    # The one whose split a rollback gave back; it may be gone.
    Column("source_number", BigInteger),
    # The router as it was published, without its slots: a serialised RouterSnapshot.
    Column("snapshot", LargeBinary, nullable=False),
    Column("slots_sha256", LargeBinary(32), nullable=False),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("generation >= 0 AND generation <= last_generation", name="generations"),
    CheckConstraint(
        "kind IN ('imported', 'created', 'updated', 'reweighted', 'toggled', 'permissions', 'deployed',"
        " 'started', 'failed', 'stopped', 'deleted', 'rolled_back')",
        name="kind",
    ),
    CheckConstraint("(kind = 'rolled_back') = (source_number IS NOT NULL)", name="source_number"),
    ForeignKeyConstraint(
        ["router_key", "slots_sha256"], ["router_slot_tables.router_key", "router_slot_tables.sha256"]
    ),
    UniqueConstraint("router_key", "generation"),
    Index("ix_router_revisions_router_key_slots_sha256", "router_key", "slots_sha256"),
)
