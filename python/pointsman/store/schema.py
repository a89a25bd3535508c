"""The tables. Constraints live in the database, so that no way around the code breaks them.

Rows that may go away and come back under the same id (routers, model versions) have a key of their own
and a deletion time; their ids are unique among the rows that are there. Times are UTC microseconds.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pointsman.store.router_settings import setting_columns

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Compared byte by byte on both databases, so that pages are ordered alike.
Name = String(128).with_variant(String(128, collation="C"), "postgresql")
Words = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite counts up only keys of its type INTEGER.
RowKey = BigInteger().with_variant(Integer, "sqlite")

generation = Table(
    "generation",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    # The generations in which the key table and the signing keys last changed.
    Column("access_changed", BigInteger, nullable=False),
    Column("signing_changed", BigInteger, nullable=False),
    # Random, new with each generation: tells two states that bear the same number on two databases.
    Column("token", String(32), nullable=False, server_default=""),
    # The token of the generation before.
    Column("base_token", String(32), nullable=False, server_default=""),
    CheckConstraint("row = 1", name="one_row"),
    CheckConstraint("value >= 0", name="value"),
)

# The tokens of the last generations: by them a server sees whether its state led to the present one.
generation_tokens = Table(
    "generation_tokens",
    metadata,
    Column("value", BigInteger, primary_key=True, autoincrement=False),
    Column("token", String(32), nullable=False),
    CheckConstraint("value >= 0", name="value"),
)

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
    CheckConstraint("role IN ('candidate', 'control', 'canary')", name="role"),
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

# Kept until every server has carried them out; then the entity is forgotten.
erasures = Table(
    "erasures",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("router_id", Name, nullable=False),
    Column("entity_id", Words),
    Column("request_time_us", BigInteger, nullable=False),
    Column("complete_time_us", BigInteger),
    Column("prediction_count", BigInteger, nullable=False),
    Column("feedback_count", BigInteger, nullable=False),
    CheckConstraint("(entity_id IS NULL) = (complete_time_us IS NOT NULL)", name="complete"),
    UniqueConstraint("router_id", "entity_id"),
    sqlite_autoincrement=True,
)

# The servers that an erasure waits for.
erasure_servers = Table(
    "erasure_servers",
    metadata,
    Column("erasure_key", ForeignKey("erasures.row_key", ondelete="CASCADE"), primary_key=True),
    Column("journal_id", String(32), primary_key=True),
    # Raised when the same is asked for again, so that work for the time before does not count for it.
    Column("revision", BigInteger, nullable=False),
    # Whether its predictions are deleted; feedback for other servers' may still be in its files.
    Column("erased", Boolean, nullable=False),
    Index("ix_erasure_servers_journal_id", "journal_id"),
)

# The entity's predictions that servers found, as long as feedback for them may be in files.
erasure_predictions = Table(
    "erasure_predictions",
    metadata,
    Column("erasure_key", ForeignKey("erasures.row_key", ondelete="CASCADE"), primary_key=True),
    Column("prediction_id", Words, primary_key=True),
)

# The manifest: what is not here is not in the lake.
lake_files = Table(
    "lake_files",
    metadata,
    Column("row_key", RowKey, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("path", Words, nullable=False, unique=True),
    Column("router_id", Name, nullable=False),
    # Empty for feedback.
    Column("model_id", Name, nullable=False),
    Column("date", String(10), nullable=False),
    Column("journal_id", String(32), nullable=False),
    Column("start_position", BigInteger, nullable=False),
    Column("end_position", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("min_time_us", BigInteger, nullable=False),
    Column("max_time_us", BigInteger, nullable=False),
    # 0 when the rows do not say, as those of feedback and of releases that knew none.
    Column("router_incarnation", BigInteger, nullable=False, server_default="0"),
    Column("create_time_us", BigInteger, nullable=False),
    # Set when others took its place; only queries that began before still read it.
    Column("replace_time_us", BigInteger),
    CheckConstraint(
        "(kind = 'predictions' AND model_id <> '') OR (kind = 'feedback' AND model_id = '')", name="kind"
    ),
    CheckConstraint("path <> ''", name="path"),
    CheckConstraint("start_position >= 0 AND start_position <= end_position", name="positions"),
    CheckConstraint("row_count > 0", name="row_count"),
    CheckConstraint("byte_count > 0", name="byte_count"),
    CheckConstraint("min_time_us <= max_time_us", name="times"),
    CheckConstraint("router_incarnation >= 0", name="router_incarnation"),
    Index("ix_lake_files_router_id_kind_max_time_us", "router_id", "kind", "max_time_us"),
    Index(
        "ix_lake_files_replaced",
        "replace_time_us",
        sqlite_where=text("replace_time_us IS NOT NULL"),
        postgresql_where=text("replace_time_us IS NOT NULL"),
    ),
)

# A value that is corrected gets a new sequence, so that a sequence always names the same content.
feedback = Table(
    "feedback",
    metadata,
    Column("sequence", RowKey, primary_key=True, autoincrement=True),
    Column("prediction_id", Words, nullable=False),
    Column("row", Integer, nullable=False),
    Column("metric", Name, nullable=False),
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), nullable=False),
    Column("variant", Name, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("propensity", Float(53), nullable=False),
    Column("value", Float(53), nullable=False),
    Column("observe_time_us", BigInteger, nullable=False),
    Column("prediction_time_us", BigInteger, nullable=False),
    Column("apply_time_us", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
    # 1 for the first value, one more with each correction.
    Column("revision", Integer, nullable=False),
    Column("exported", Boolean, nullable=False),
    CheckConstraint("row >= 0 AND row <= 1000000", name="row"),
    CheckConstraint("revision > 0", name="revision"),
    UniqueConstraint("prediction_id", "row", "metric"),
    Index("ix_feedback_prediction_time_us_router_key", "prediction_time_us", "router_key"),
    # Holds all that sums over a window read: a million values take a fraction of a second.
    Index("ix_feedback_sums", "router_key", "variant", "metric", "prediction_time_us", "value", "counted"),
    Index(
        "ix_feedback_to_export",
        "router_key",
        "sequence",
        sqlite_where=text("NOT exported"),
        postgresql_where=text("NOT exported"),
    ),
    sqlite_autoincrement=True,
)

feedback_totals = Table(
    "feedback_totals",
    metadata,
    Column("router_key", ForeignKey("routers.row_key", ondelete="CASCADE"), primary_key=True),
    Column("variant", Name, primary_key=True),
    Column("metric", Name, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("total", Float(53), nullable=False),
    Column("total_squares", Float(53), nullable=False),
    CheckConstraint("count > 0", name="count"),
)
