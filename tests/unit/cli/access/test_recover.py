"""An admin key made on the database itself."""

from pathlib import Path

from click.testing import CliRunner

from pointsman.cli.app import app
from pointsman.cli.serving.folders import sqlite_url
from pointsman.control.access.bootstrap import any_key_exists


def test_recover_makes_an_admin_key_on_the_database_of_a_data_folder(tmp_path: Path) -> None:
    assert not any_key_exists(sqlite_url(tmp_path)), "a new database has no key"

    answer = CliRunner().invoke(app, ["keys", "recover", "--data-dir", str(tmp_path), "--user", "ann"])

    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("pm_")
    assert any_key_exists(sqlite_url(tmp_path))


def test_recover_refuses_a_folder_without_a_database(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["keys", "recover", "--data-dir", str(tmp_path)])

    assert answer.exit_code == 1
    assert f"there is no database {tmp_path / 'pointsman.db'}" in answer.stderr
