"""Writes what migrations make of an empty SQLite file, from which new ones are made at once."""

import argparse
import sqlite3
import sys
import tempfile
from pathlib import Path

from pointsman.store.database import Database
from pointsman.store.migrate import upgrade
from pointsman.store.new_sqlite import FILE, write_down

SOURCE_ROOT = Path(__file__).resolve().parent.parent


def generate(output_root: Path) -> None:
    """Writes the file below a folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        database = Database(f"sqlite:///{path}")
        with database.write() as connection:
            upgrade(connection)
        database.close()
        migrated = sqlite3.connect(path)
        text = write_down(migrated)
        migrated.close()
    target = output_root / FILE.relative_to(SOURCE_ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def main() -> int:
    """Reads the command line and writes the file; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=SOURCE_ROOT)
    generate(parser.parse_args().output_root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
