"""What the metrics say of the manifest."""

from pointsman.errors import DatabaseUnavailableError
from pointsman.store.database import Database
from pointsman.store.recording import erasures, lake_files


def manifest_gauges(database: Database) -> str:
    """Writes the manifest's size in the Prometheus text format; nothing while the database is away."""
    try:
        with database.read() as connection:
            file_count, row_count, byte_count = lake_files.size(connection)
            pending_count = erasures.pending_count(connection)
    except DatabaseUnavailableError:
        return ""
    gauges = (
        ("pointsman_lake_manifest_files", "Files in the lake's manifest.", file_count),
        ("pointsman_lake_rows", "Rows in the lake's files.", row_count),
        ("pointsman_lake_bytes", "Bytes of the lake's files.", byte_count),
        ("pointsman_erasures_pending", "Erasures that not every server has carried out.", pending_count),
    )
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n" for name, text, value in gauges
    )
