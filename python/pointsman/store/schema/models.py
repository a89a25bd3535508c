"""Models and their versions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pointsman.store.schema.columns import Name, RowKey, Words, metadata

model_versions = Table(
    "model_versions",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("model_id", Name, nullable=False),
    Column("version", Name, nullable=False),
    Column("backend_kind", String(8)),
    # The target of a gRPC backend, the path of an ONNX file.
    Column("backend_target", Text),
    Column("backend_model_name", Text),
    Column("backend_model_version", Text),
    # Of the ONNX file that was registered, in hexadecimal digits; NULL when it is not known.
    Column(
        "backend_sha256",
        String(64),
        CheckConstraint(
            "backend_sha256 IS NULL OR (backend_kind = 'onnx' AND length(backend_sha256) = 64"
            " AND backend_sha256 = lower(backend_sha256))",
            name="backend_sha256",
        ),
    ),
    Column("given_signature", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("description", Text, nullable=False),
    Column("run_uri", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    # The model's owner, once more for servers of an older release, which know no other place for it.
    Column("owner", Name, nullable=False),
    Column("create_time_us", BigInteger, nullable=False),
    Column("update_time_us", BigInteger, nullable=False),
    Column("delete_time_us", BigInteger),
    Column("changed_generation", BigInteger, nullable=False),
    CheckConstraint("stage IN ('none', 'staging', 'production', 'archived')", name="stage"),
    CheckConstraint(
        "(backend_kind IS NULL AND backend_target IS NULL)"
        " OR (backend_kind IN ('grpc', 'onnx') AND backend_target IS NOT NULL)",
        name="backend",
    ),
    Index(
        "uq_model_versions_present",
        "model_id",
        "version",
        unique=True,
        sqlite_where=text("delete_time_us IS NULL"),
        postgresql_where=text("delete_time_us IS NULL"),
    ),
    Index(
        "uq_model_versions_production",
        "model_id",
        unique=True,
        sqlite_where=text("stage = 'production' AND delete_time_us IS NULL"),
        postgresql_where=text("stage = 'production' AND delete_time_us IS NULL"),
    ),
    Index("ix_model_versions_changed_generation", "changed_generation"),
)

# What the versions of a model have in common; a row is there while a version is.
models = Table(
    "models",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("model_id", Name, nullable=False),
    Column("owner", Name, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("public_predict", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("revision > 0", name="revision"),
    UniqueConstraint("model_id"),
    sqlite_autoincrement=True,
)

model_permissions = Table(
    "model_permissions",
    metadata,
    Column("model_key", ForeignKey("models.row_key", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Name, primary_key=True),
    Column("position", Integer, nullable=False),
    CheckConstraint("position >= 0", name="position"),
    Index("ix_model_permissions_user_id", "user_id"),
)

model_version_tags = Table(
    "model_version_tags",
    metadata,
    Column("model_version_key", ForeignKey("model_versions.row_key", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("tag", Words, nullable=False),
    UniqueConstraint("model_version_key", "tag"),
    Index("ix_model_version_tags_tag", "tag"),
)
