"""Keys: of callers, with the users who bound them, of prediction ids, of entity hashes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from pointsman.store.schema.columns import Name, RowKey, metadata

SCOPE_SETS = (
    "",
    "mlops:read",
    "mlops:write",
    "mlops:predict",
    "mlops:read,mlops:write",
    "mlops:read,mlops:predict",
    "mlops:write,mlops:predict",
    "mlops:read,mlops:write,mlops:predict",
)
"""Every set of scopes as it is written."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("key_id", String(8), nullable=False, unique=True),
    Column("secret_sha256", LargeBinary(32), nullable=False),
    Column("user_id", Name, nullable=False),
    # Scopes, comma-separated.
    Column("scopes", Text, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    Column("expire_time_us", BigInteger),
    Column("revoke_time_us", BigInteger),
    CheckConstraint("length(secret_sha256) = 32", name="secret_sha256"),
    Index("ix_api_keys_user_id", "user_id"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Name, primary_key=True),
    # Scopes, comma-separated, in the order in which they are declared.
    Column("scopes", Text, nullable=False),
    Column("admin", Boolean, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    CheckConstraint("length(user_id) > 0", name="user_id"),
    # Another spelling would be read as other rights, or not at all.
    CheckConstraint(f"scopes IN ({', '.join(map(repr, SCOPE_SETS))})", name="scopes"),
    # An admin has every scope: some beside it would look like less.
    CheckConstraint("NOT admin OR scopes = ''", name="admin_scopes"),
    CheckConstraint("update_time_us >= create_time_us", name="times"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("key_id", Integer, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary(32), nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    # Unset for the one that signs.
    Column("retire_time_us", BigInteger),
    CheckConstraint("key_id >= 0 AND key_id <= 255", name="key_id"),
    CheckConstraint("length(secret) = 32", name="secret"),
)

installation = Table(
    "installation",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    # The key of recorded entity hashes.
    Column("entity_key", LargeBinary(32), nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    CheckConstraint("row = 1", name="one_row"),
    CheckConstraint("length(entity_key) = 32", name="entity_key"),
)
