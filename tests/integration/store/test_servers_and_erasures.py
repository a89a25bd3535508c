"""Which servers there are, and erasures that wait for them."""

from concurrent.futures import ThreadPoolExecutor, wait

from pointsman.domain.records.servers import LOST_AFTER_US, ServerJournal
from pointsman.store import servers
from pointsman.store.recording import erasures

EAST, WEST = "e" * 32, "f" * 32


def waiting(connection, journal_id):
    return [
        (found.entity_id, found.revision, found.erased)
        for found in erasures.waiting_for(connection, journal_id)
    ]


def finish_east_beside(database, other):
    """Has one server finish the only erasure while something else runs, whichever of them ends first."""
    with ThreadPoolExecutor(1) as threads:
        with database.write() as connection:
            [of_east] = erasures.waiting_for(connection, EAST)
            erasures.finish(connection, of_east, EAST, 9)
            beside = threads.submit(other)
            # It waits for this transaction, or has run through beside it by then.
            wait([beside], 0.5)
        beside.result(10)


def test_what_is_stored_of_a_server_never_goes_back(database):
    with database.write() as connection:
        servers.see(connection, EAST, "here:/data", 10, 5)
        servers.see(connection, EAST, "there:/data", 20, 0)
        assert servers.list_all(connection) == [ServerJournal(EAST, "there:/data", 20, 5, ended=False)]
        assert servers.others(connection, EAST) == []
        servers.end(connection, EAST, 30)
        assert servers.find(connection, EAST) == ServerJournal(EAST, "there:/data", 30, 5, ended=True)


def test_a_server_runs_until_it_ends_or_is_not_seen_for_a_minute():
    seen = ServerJournal(EAST, "", 100, 0, ended=False)
    assert seen.is_running(100 + LOST_AFTER_US - 1)
    assert not seen.is_running(100 + LOST_AFTER_US)
    assert not ServerJournal(EAST, "", 100, 0, ended=True).is_running(100)


def test_the_clock_is_the_databases_where_servers_share_it(database):
    with database.read() as connection:
        shared_us = servers.clock_us(connection, 7)
    assert (shared_us == 7) is database.is_sqlite


def test_an_erasure_is_forgotten_when_the_last_server_has_finished_it(database):
    with database.write() as connection:
        key = erasures.ask(connection, "r", "u1", [EAST, WEST], 1)
        erasures.add_predictions(connection, key, [f"p{number}" for number in range(1200)])
        erasures.add_predictions(connection, key, ["p1", "p2"])
        assert len(erasures.prediction_ids(connection, key)) == 1200
        for journal_id in (EAST, WEST):
            [found] = erasures.waiting_for(connection, journal_id)
            erasures.erased(connection, found, journal_id)
        erasures.count(connection, key, 3, 2)
        assert waiting(connection, EAST) == waiting(connection, WEST) == [("u1", 1, True)]
        for journal_id in (EAST, WEST):
            assert erasures.pending_count(connection) == 1
            [found] = erasures.waiting_for(connection, journal_id)
            erasures.finish(connection, found, journal_id, 9)
        assert erasures.pending_count(connection) == 0
        assert erasures.prediction_ids(connection, key) == set()
        assert erasures.state(connection, key) == erasures.ErasureState(3, 2, (), ())
        kept = connection.exec_driver_sql("SELECT entity_id, complete_time_us FROM erasures").all()
        assert kept == [(None, 9)]
        assert erasures.remove_complete(connection, 10) == 1


def test_an_erasure_is_forgotten_when_the_last_two_servers_finish_it_at_the_same_time(database):
    with database.write() as connection:
        erasures.ask(connection, "r", "u1", [EAST, WEST], 1)

    def finish_west():
        with database.write() as connection:
            [found] = erasures.waiting_for(connection, WEST)
            erasures.erased(connection, found, WEST)
            erasures.finish(connection, found, WEST, 9)

    finish_east_beside(database, finish_west)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT entity_id FROM erasures").scalars().all() == [None]
        assert erasures.pending_count(connection) == 0


def test_an_erasure_is_forgotten_when_its_last_server_finishes_while_the_other_is_given_up(database):
    with database.write() as connection:
        erasures.ask(connection, "r", "u1", [EAST, WEST], 1)
        servers.see(connection, WEST, "there:/data", 1, 0)

    def give_up():
        with database.write() as connection:
            servers.give_up(connection, WEST, with_files=False)
            erasures.settle(connection, 9)

    def go_on():
        with database.write() as connection:
            for found in erasures.waiting_for(connection, EAST):
                erasures.erased(connection, found, EAST)
                erasures.finish(connection, found, EAST, 9)

    finish_east_beside(database, give_up)
    go_on()
    with database.read() as connection:
        assert erasures.pending_count(connection) == 0


def test_feedback_is_looked_for_again_only_when_every_server_has_told_its_predictions(database):
    with database.write() as connection:
        key = erasures.ask(connection, "r", "u1", [EAST, WEST], 1)
        [of_east] = erasures.waiting_for(connection, EAST)
        erasures.erased(connection, of_east, EAST)
        assert waiting(connection, EAST) == []
        assert waiting(connection, WEST) == [("u1", 1, False)]
        assert erasures.state(connection, key).pending == (WEST,)
        [of_west] = erasures.waiting_for(connection, WEST)
        erasures.erased(connection, of_west, WEST)
        assert waiting(connection, EAST) == [("u1", 1, True)]


def test_work_for_an_earlier_request_does_not_count_for_a_later_one(database):
    with database.write() as connection:
        key = erasures.ask(connection, "r", "u1", [EAST], 1)
        [before] = erasures.waiting_for(connection, EAST)
        assert erasures.ask(connection, "r", "u1", [EAST, WEST], 2) == key
        erasures.erased(connection, before, EAST)
        erasures.finish(connection, before, EAST, 3)
        assert waiting(connection, EAST) == [("u1", 2, False)]


def test_a_server_that_is_given_up_holds_up_no_erasure_and_the_others_look_again(database):
    with database.write() as connection:
        servers.see(connection, EAST, "here:/data", 10, 0)
        key = erasures.ask(connection, "r", "u1", [EAST, WEST], 1)
        [of_west] = erasures.waiting_for(connection, WEST)
        erasures.erased(connection, of_west, WEST)
        assert servers.give_up(connection, EAST, with_files=False) == 0
        assert erasures.state(connection, key).pending == (WEST,)
        assert waiting(connection, WEST) == [("u1", 2, False)]
        left = servers.find(connection, EAST)
        assert left is not None
        assert left.ended
        servers.give_up(connection, EAST, with_files=True)
        assert servers.journal_ids(connection) == set()
