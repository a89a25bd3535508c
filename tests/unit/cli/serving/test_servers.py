"""The servers of a database, and giving up a lost one, without any server."""

import json
import time

import pytest
from click.testing import CliRunner

from pointsman.cli.app import app
from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.recording import lake_files
from stage.migrated import write_migrated

LOST, RUNNING = "a" * 32, "b" * 32


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'pointsman.db'}"
    write_migrated(tmp_path / "pointsman.db")
    database = Database(url)
    file = LakeFile(LakeKind.PREDICTIONS, "p", "r", "m", "2026-01-31", LOST, 0, 9, 3, 1, 0, 1)
    with database.write() as connection:
        servers.see(connection, LOST, "dead:/data", 1, 0)
        servers.see(connection, RUNNING, "here:/data", time.time_ns() // 1000, 0)
        lake_files.add(connection, file, 1)
    database.close()
    return url


def run(*arguments):
    return CliRunner().invoke(app, ["servers", *arguments])


def states(url):
    found = CliRunner().invoke(app, ["-o", "json", "servers", "list", "--database", url])
    return {server["journal_id"][0]: server["state"] for server in json.loads(found.stdout)}


def test_servers_are_listed_with_their_state(url):
    assert states(url) == {"a": "lost", "b": "runs"}
    listed = run("list", "--database", url).stdout
    assert LOST in listed
    assert "dead:/data" in listed


def test_a_list_of_servers_fits_eighty_columns_with_whole_journals_and_times(url, monkeypatch):
    # No place is so short that it fits by itself.
    database = Database(url)
    with database.write() as connection:
        servers.see(connection, "c" * 32, "a-host-with-a-long-name.example.org:/var/lib/pointsman", 1, 10**15)
    database.close()
    monkeypatch.setenv("COLUMNS", "80")
    _, *rows = run("list", "--database", url).stdout.splitlines()
    (shown,) = (row for row in rows if "c" * 32 in row)
    assert max(map(len, rows)) <= 80
    assert "1970-01-01" in shown or "1969-12-31" in shown
    assert "2001-09-09" in shown or "2001-09-08" in shown


def test_a_lost_server_is_given_up_and_its_files_stay_unless_they_are_lost_too(url):
    given_up = run("give-up", "aaaa", "--yes", "--database", url)
    assert "3 rows in its files stay listed" in given_up.stdout
    assert states(url) == {"a": "ended", "b": "runs"}
    assert "are listed no more" in run("give-up", LOST, "--yes", "--with-files", "--database", url).stdout
    assert states(url) == {"b": "runs"}


def test_a_server_that_runs_is_not_given_up(url):
    refused = run("give-up", RUNNING, "--yes", "--database", url)
    assert refused.exit_code == 1
    assert "was seen within the last minute" in refused.stderr
    assert "no server has the journal" in run("give-up", "c", "--yes", "--database", url).stderr
