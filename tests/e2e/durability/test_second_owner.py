"""A journal has one owner."""

from pathlib import Path

import pytest

from stage.server import Server, refused_start

pytestmark = pytest.mark.e2e


def test_a_second_server_on_the_same_journal_is_refused_by_a_clear_message(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    server = Server(first)
    # A data folder of its own, but the journal is the other's.
    (second / "data").mkdir(parents=True, mode=0o700)
    (second / "data" / "journal").symlink_to(server.data_dir / "journal")
    said = refused_start(second, "--data-dir", str(second / "data"))
    assert "the journal folder" in said
    assert "belongs to another running server; stop that one, or choose another data folder" in said
    server.end()
