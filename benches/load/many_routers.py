"""Fills a stopped server's database with copies of one router; over the API ten thousand take minutes."""

import sqlite3
from contextlib import closing
from pathlib import Path

DATABASE = "pointsman.db"


def copy_router(data_dir: Path, router_id: str, names: list[str]) -> None:
    """Copies a router with its variants, in a generation of their own, each with its own salt.

    Args:
        data_dir: The data folder of a server that is stopped.
        router_id: The router to copy.
        names: The copies' router ids.

    Raises:
        sqlite3.Error: The database is not as this expects it.
    """
    with closing(sqlite3.connect(data_dir / DATABASE)) as connection, connection:
        connection.execute("UPDATE generation SET value = value + 1")
        fresh = {
            "router_id": ":name",
            "salt": "randomblob(16)",
            "changed_generation": "(SELECT value FROM generation)",
        }
        copy = _copy_statement(connection, "routers", fresh, without="row_key")
        copy_variants = _copy_statement(connection, "variants", {"router_key": ":key"})
        [template] = connection.execute(
            "SELECT row_key FROM routers WHERE router_id = ? AND delete_time_us IS NULL", (router_id,)
        ).fetchone()
        for name in names:
            key = connection.execute(
                f"{copy} WHERE row_key = :template", {"name": name, "template": template}
            ).lastrowid
            connection.execute(
                f"{copy_variants} WHERE router_key = :template", {"key": key, "template": template}
            )


def _copy_statement(
    connection: sqlite3.Connection, table: str, fresh: dict[str, str], without: str = ""
) -> str:
    """Writes an insertion that copies all columns but those that get fresh values or none."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    columns = [name for (name,) in rows if name != without]
    values = [fresh.get(name, name) for name in columns]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}"
