"""Revisions and the slot tables that they share, on both databases."""

import dataclasses
import random

import pytest

from pointsman.domain.revisions import Cause, RevisionKind
from pointsman.store import generations
from pointsman.store.routing import router_revisions
from pointsman.store.schema import router_slot_tables

from .rows import add_model, add_router

REWEIGHTED = Cause(RevisionKind.REWEIGHTED, "ann", "abcdefgh")


@pytest.fixture
def router(database):
    add_model(database, "1")
    add_model(database, "2")
    return add_router(database)


@pytest.fixture
def change(database, router):
    """Makes another revision of the router, with other slots where they are given."""

    def change(slot_runs=router.slot_runs, cause=REWEIGHTED, time_us=5):
        with database.write_routing() as connection:
            generation = generations.advance(connection)
            after = dataclasses.replace(router, slot_runs=slot_runs, changed_generation=generation)
            snapshot = b"snapshot %d" % generation
            number = router_revisions.append(connection, after, cause, time_us, "a → ü", snapshot)
        return number, generation

    return change


def table_count(database):
    with database.read() as connection:
        return len(connection.execute(router_slot_tables.select()).all())


def fragmented(seed):
    """Slot runs as long as they get: another variant's at every slot."""
    drawn = random.Random(seed)
    return tuple(number for _ in range(10_000) for number in (drawn.randrange(100), 1))


def test_a_revision_is_read_back_as_it_was_stored(database, router, change):
    runs = fragmented(1)
    rolled_back = Cause(RevisionKind.ROLLED_BACK, "ann", "", "comment", 7)
    number, generation = change(runs, rolled_back)
    with database.read() as connection:
        kept = router_revisions.find(connection, router.row_key, number)
        assert router_revisions.find_at(connection, router.row_key, generation) == kept
        assert router_revisions.find(connection, router.row_key, number + 1) is None
    assert kept is not None
    assert kept.slot_runs == runs
    revision = kept.revision
    assert (revision.number, revision.generation, revision.last_generation) == (1, generation, generation)
    assert (revision.cause, revision.time_us, revision.summary) == (rolled_back, 5, "a → ü")
    assert revision.snapshot == b"snapshot %d" % generation


def test_numbers_count_and_equal_tables_are_kept_once(database, change):
    runs = fragmented(2)
    assert [change()[0], change(runs)[0], change()[0], change(runs)[0]] == [1, 2, 3, 4]
    assert table_count(database) == 2


def test_a_revision_is_extended_only_from_where_it_ends(database, router, change):
    _, first = change()
    _, second = change(fragmented(3))
    key = router.row_key
    with database.write_routing() as connection:
        assert not router_revisions.extend(connection, key, first, second + 2)
        assert router_revisions.extend(connection, key, second, second + 2)
        assert not router_revisions.extend(connection, key, second, second + 3)
    with database.read() as connection:
        found = router_revisions.find_many_at(connection, key, range(second + 4))
    assert {generation: kept.revision.number for generation, kept in found.items()} == {
        first: 1,
        second: 2,
        second + 1: 2,
        second + 2: 2,
    }


def test_pages_and_the_newest(database, router, change):
    for _ in range(5):
        change()
    with database.read() as connection:
        assert router_revisions.newest(connection, router.row_key) == 5
        assert router_revisions.newest(connection, router.row_key + 1) == 0
        page = router_revisions.list_page(connection, router.row_key, 3, "")
        rest = router_revisions.list_page(connection, router.row_key, 3, page.next_page_token)
    numbers = [kept.revision.number for kept in (*page.items, *rest.items)]
    assert (numbers, rest.next_page_token) == ([5, 4, 3, 2, 1], "")


def test_a_table_goes_with_its_last_revision(database, router, change):
    runs = fragmented(4)
    for table in (runs, router.slot_runs, runs):
        change(table)
    left = []
    for number in (2, 1, 3):
        with database.write_routing() as connection:
            router_revisions.remove(connection, router.row_key, [number])
        left.append(table_count(database))
    assert left == [1, 1, 0]


def test_a_router_is_unnoted_until_its_present_generation_is_some_revisions(database, router, change):
    with database.read() as connection:
        assert [found.router_id for found in router_revisions.unnoted(connection, 10)] == ["cancer"]
    change()
    with database.read() as connection:
        assert router_revisions.unnoted(connection, 10) == []
        assert router_revisions.crowded(connection, 0) == [(router.row_key, "cancer", 0, None)]
        assert router_revisions.crowded(connection, 1) == []
