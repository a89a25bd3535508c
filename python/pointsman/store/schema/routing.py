"""Routers and what belongs to one as it is now."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pointsman.store.routing.router_settings import setting_columns
from pointsman.store.schema.columns import Name, RowKey, Words, metadata

routers = Table(
    "routers",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("router_id", Name, nullable=False),
    Column("strategy", String(16), nullable=False),
    *setting_columns(),
    Column("features_share", Float(53), nullable=False),
    # A JSON list.
    Column("exclude_features", Text, nullable=False),
    Column("max_body_bytes", BigInteger, nullable=False),
    Column("entity_recording", String(8), nullable=False),
    Column("durability", String(8), nullable=False),
    # 0 for the server's default.
    Column("retention_days", Integer, nullable=False),
    Column("retention_bytes", BigInteger, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("public_predict", Boolean, nullable=False),
    Column("owner", Name, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_message", Text, nullable=False),
    Column("serving", Boolean, nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
    # What the strategy needs besides the variants: a JSON object.
    Column("policy", Text, nullable=False, server_default="{}"),
    # Everything to this variant for a while; by name, for variants are stored anew with each change.
    Column("override_variant", Name),
    Column("override_expire_time_us", BigInteger),
    Column("override_reason", Text),
    Column("override_user_id", Name),
    Column("override_create_time_us", BigInteger),
    # Variant position and length in turn, comma-separated; the lengths add up to 10,000.
    Column("slot_runs", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("changed_generation", BigInteger, nullable=False),
    # Tells the router from earlier and later ones of the same id, whatever a backup brings back; 0 when a
    # release created it that knew none.
    Column("incarnation", BigInteger, nullable=False, server_default="0"),
    Column("create_time_us", BigInteger, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    Column("deploy_time_us", BigInteger),
    Column("delete_time_us", BigInteger),
    CheckConstraint("strategy IN ('weighted', 'feature_rules', 'bandit', 'canary')", name="strategy"),
    CheckConstraint(
        "status IN ('registered', 'deploying', 'running', 'stopped', 'failed')",
        name="status",
    ),
    CheckConstraint("length(salt) = 16", name="salt"),
    CheckConstraint("revision > 0", name="revision"),
    CheckConstraint("features_share >= 0 AND features_share <= 1", name="features_share"),
    CheckConstraint("max_body_bytes > 0", name="max_body_bytes"),
    CheckConstraint("entity_recording IN ('plain', 'hmac', 'none')", name="entity_recording"),
    CheckConstraint("durability IN ('buffered', 'durable')", name="durability"),
    CheckConstraint("retention_days >= 0", name="retention_days"),
    CheckConstraint("retention_bytes >= 0", name="retention_bytes"),
    CheckConstraint("incarnation >= 0", name="incarnation"),
    CheckConstraint(
        "(override_variant IS NULL) = (override_expire_time_us IS NULL)"
        " AND (override_variant IS NULL) = (override_reason IS NULL)"
        " AND (override_variant IS NULL) = (override_user_id IS NULL)"
        " AND (override_variant IS NULL) = (override_create_time_us IS NULL)",
        name="override_whole",
    ),
    Index(
        "uq_routers_present",
        "router_id",
        unique=True,
        sqlite_where=text("delete_time_us IS NULL"),
        postgresql_where=text("delete_time_us IS NULL"),
    ),
    Index(
        "uq_routers_incarnation",
        "router_id",
        "incarnation",
        unique=True,
        sqlite_where=text("incarnation <> 0"),
        postgresql_where=text("incarnation <> 0"),
    ),
    Index("ix_routers_changed_generation", "changed_generation"),
    Index("ix_routers_owner", "owner"),
    Index("ix_routers_override_expire_time_us", "override_expire_time_us"),
)

router_tags = Table(
    "router_tags",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("tag", Words, nullable=False),
    UniqueConstraint("router_key", "tag"),
    Index("ix_router_tags_tag", "tag"),
)

router_metrics = Table(
    "router_metrics",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("type", String(8), nullable=False),
    Column("min_value", Float(53)),
    Column("max_value", Float(53)),
    Column("direction", String(8), nullable=False),
    CheckConstraint("type IN ('number', 'binary', 'count')", name="type"),
    CheckConstraint("direction IN ('maximise', 'minimise')", name="direction"),
    CheckConstraint("min_value <= max_value", name="range"),
    UniqueConstraint("router_key", "position"),
)

permissions = Table(
    "permissions",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Name, primary_key=True),
    Column("position", Integer, nullable=False),
    Index("ix_permissions_user_id", "user_id"),
)

variants = Table(
    "variants",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("name", Name, primary_key=True),
    # The number by which slot runs call it.
    Column("position", Integer, nullable=False),
    Column("model_version_key", ForeignKey("model_versions.row_key"), nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("role", String(16), nullable=False),
    CheckConstraint("weight >= 0 AND weight <= 100", name="weight"),
    CheckConstraint("role IN ('candidate', 'control', 'canary', 'shadow')", name="role"),
    UniqueConstraint("router_key", "position"),
    Index("ix_variants_model_version_key", "model_version_key"),
)

# The tables that routers had before; the revision is that of the router when it had it.
former_slot_tables = Table(
    "former_slot_tables",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    # Of the numbers of slots by variant: of equal ones the latest table is kept.
    Column("counts_sha256", LargeBinary(32), primary_key=True),
    # The router's when it had the table.
    Column("revision", BigInteger, nullable=False),
    # A JSON list: the names of the variants whose indices the runs hold.
    Column("names", Text, nullable=False),
    # As in routers.
    Column("slot_runs", Text, nullable=False),
    CheckConstraint("length(counts_sha256) = 32", name="counts_sha256"),
    CheckConstraint("revision > 0", name="revision"),
)
