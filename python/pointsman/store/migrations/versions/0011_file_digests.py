"""Model versions keep the SHA-256 of their ONNX files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateColumn

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the column; of versions that are there it is not known which file was registered."""
    check = sa.CheckConstraint(
        "backend_sha256 IS NULL OR (backend_kind = 'onnx' AND length(backend_sha256) = 64"
        " AND backend_sha256 = lower(backend_sha256))",
        name=op.f("ck_model_versions_backend_sha256"),
    )
    # In one statement with its check: SQLite cannot add a check later.
    column = sa.Column("backend_sha256", sa.String(length=64), check)
    sa.Table("model_versions", sa.MetaData(), column)
    specification = CreateColumn(column).compile(dialect=op.get_bind().dialect)
    op.execute(f"ALTER TABLE model_versions ADD COLUMN {specification}")


def downgrade() -> None:
    """Forgets the digests; files are served whatever they are."""
    op.execute("ALTER TABLE model_versions DROP COLUMN backend_sha256")
