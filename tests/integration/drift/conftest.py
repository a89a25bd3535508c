"""The control planes of contract tests, whose analyses run in programs of their own; and who gets alerts."""

from collections.abc import Iterator

import pytest

from contract.conftest import Bench, User, bench, clock, database_url, failing, replica
from contract.conftest import cancer as registered_cancer
from contract.drift_by_hand import begin_long_ago
from contract.two_servers import east, url, west
from stage.catchers import MailCatcher, WebhookCatcher
from stage.forked_programs import forked_programs
from stage.logged_files import logged_place

__all__ = [
    "bench",
    "clock",
    "database_url",
    "east",
    "failing",
    "logged_place",
    "registered_cancer",
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
def cancer(bench: Bench, registered_cancer: User) -> User:
    """Who asks about a model that is older than what tests record of it."""
    begin_long_ago(bench.database_url)
    return registered_cancer


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
