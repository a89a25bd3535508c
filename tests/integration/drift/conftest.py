"""The control planes of contract tests, whose analyses run in programs of their own; and who gets alerts."""

from collections.abc import Iterator

import pytest

from contract.conftest import bench, cancer, clock, database_url, failing, replica
from contract.two_servers import east, url, west
from stage.catchers import MailCatcher, WebhookCatcher
from stage.forked_programs import forked_programs
from stage.logged_files import logged_place

__all__ = [
    "bench",
    "cancer",
    "clock",
    "database_url",
    "east",
    "failing",
    "logged_place",
    "replica",
    "url",
    "west",
]


@pytest.fixture(autouse=True)
def programs() -> Iterator[None]:
    """Programs begin in a moment, where a file does not say otherwise."""
    with forked_programs():
        yield


@pytest.fixture
def mail() -> Iterator[MailCatcher]:
    catcher = MailCatcher()
    yield catcher
    catcher.close()


@pytest.fixture
def hook() -> Iterator[WebhookCatcher]:
    catcher = WebhookCatcher()
    yield catcher
    catcher.close()
