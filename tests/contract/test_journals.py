"""A journal's id belongs to one folder: a copy gets its own, and everything is stored once."""

import contextlib
import itertools
import uuid
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.errors import DatabaseUnavailableError, JournalHeldError, JournalTakenError
from pointsman.store.recording import journals

from .journal_rig import LOOK_SECONDS, Machine, Server, assert_stored_once


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'pointsman.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("migrated_postgres")()
    folder = tmp_path / "folders"
    folder.mkdir()
    machine = Machine(url, folder)
    yield machine
    machine.database.close()


def test_a_server_that_starts_again_keeps_its_journals_id(machine):
    server = Server(machine).take()
    numbers = server.record(3)
    server.end()
    again = Server(machine, server.journal).take()
    assert again.journal.journal_id == server.journal.journal_id
    numbers += again.record(2)
    again.end()
    assert_stored_once(machine, numbers, server, again)


@pytest.mark.parametrize("contact", ["before", "after"], ids=["database there", "database away at the start"])
def test_a_folder_restored_from_an_older_copy_loses_nothing(machine, contact):
    original = Server(machine).take()
    numbers = original.record(3)
    original.end()
    later = Server(machine, original.journal).take()
    numbers += later.record(4)
    later.end()
    restored = Server(machine, original.journal)
    if contact == "before":
        restored.take()
    numbers += restored.record(2)
    restored.take()
    numbers += restored.record(2)
    restored.end()
    assert restored.journal.journal_id != original.journal.journal_id
    assert_stored_once(machine, numbers, original, later, restored)
    # And from then on it keeps its new id.
    again = Server(machine, restored.journal).take()
    assert again.journal.journal_id == restored.journal.journal_id
    numbers += again.record(1)
    again.end()
    # The folder that it was a copy of goes on, too.
    numbers += (last := Server(machine, later.journal).take()).record(1)
    last.end()
    assert last.journal.journal_id == original.journal.journal_id
    assert_stored_once(machine, numbers, again, last)


def test_starts_that_never_met_the_database_are_part_of_what_a_copy_has_in_common(machine):
    original = Server(machine).take()
    numbers = original.record(1)
    original.end()
    away = Server(machine, original.journal)
    numbers += away.record(2)
    later = Server(machine, away.journal).take()
    numbers += later.record(2)
    later.end()
    restored = Server(machine, away.journal).take()
    numbers += restored.record(2)
    restored.end()
    assert_stored_once(machine, numbers, original, later, restored)


def test_what_a_dead_server_did_not_store_its_restored_copy_does(machine):
    original = Server(machine, place="here").take()
    numbers = original.record(2)
    original.store()
    numbers += original.record(3)
    copy = original.journal.copy()
    # It goes on elsewhere, stores nothing more, and dies.
    dead = Server(machine, original.journal, place="here").take()
    restored = Server(machine, copy, place="there")
    with pytest.raises(JournalHeldError, match=r"not said that it ended.*within 15s"):
        restored.take(waits=False)
    restored.take()
    numbers += restored.record(1)
    restored.end()
    assert_stored_once(machine, numbers, restored)
    # The dead one's folder turns up after all.
    numbers += dead.record(1)
    back = Server(machine, dead.journal).take()
    assert back.journal.journal_id == original.journal.journal_id
    back.end()
    assert_stored_once(machine, numbers, restored, back)


def test_a_former_server_that_comes_back_takes_over_what_its_copy_did_not_store_yet(machine):
    original = Server(machine, place="here").take()
    numbers = original.record(3)
    copy = original.journal.copy()
    dead = Server(machine, original.journal, place="here").take()
    restored = Server(machine, copy).take()
    back = Server(machine, dead.journal, place="here").take()
    back.store_predictions()
    numbers += restored.record(1)
    restored.end()
    back.store_feedback()
    assert_stored_once(machine, numbers, restored, back)


def test_a_clone_beside_its_living_original_gets_an_id_of_its_own(machine):
    original = Server(machine, place="here").take()
    numbers = original.record(2)
    original.store()
    numbers += original.record(2)
    clone = Server(machine, original.journal, place="there")
    numbers += clone.record(2) + original.record(2)
    with pytest.raises(JournalHeldError):
        clone.take(waits=False)
    machine.seconds += LOOK_SECONDS
    original.keeper.renew()
    clone.take(waits=False)
    assert clone.journal.journal_id != original.journal.journal_id
    clone.store()
    original.store()
    numbers += clone.record(1) + original.record(1)
    clone.end()
    original.end()
    assert_stored_once(machine, numbers, original, clone)


def test_an_original_whose_id_a_clone_took_stores_nothing_more_until_it_starts_again(machine):
    original = Server(machine, place="here").take()
    numbers = original.record(2)
    original.store()
    numbers += original.record(1)
    clone = Server(machine, original.journal, place="there")
    numbers += original.record(2) + clone.record(2)
    # It has stood still for long.
    clone.take()
    assert clone.journal.journal_id == original.journal.journal_id
    for attempt in (original.store_feedback, original.store_predictions, original.keeper.renew):
        with pytest.raises(JournalTakenError, match="restart this server"):
            attempt()
    with pytest.raises(JournalTakenError, match="restart this server"):
        original.keeper.renew()
    numbers += original.record(1)
    clone.end()
    again = Server(machine, original.journal, place="here").take()
    numbers += again.record(1)
    again.end()
    assert again.journal.journal_id != clone.journal.journal_id
    assert_stored_once(machine, numbers, clone, again)


def test_after_a_crash_in_the_same_place_nothing_is_waited_for(machine):
    crashed = Server(machine, place="here").take()
    numbers = crashed.record(2)
    again = Server(machine, crashed.journal, place="here").take(waits=False)
    again.end()
    assert again.journal.journal_id == crashed.journal.journal_id
    assert_stored_once(machine, numbers, again)


def test_a_log_that_lost_what_is_stored_already_goes_on_under_another_id(machine):
    server = Server(machine, place="here").take()
    numbers = server.record(3)
    server.end()
    cut = server.journal.copy()
    cut.feedback, cut.feedback_end, cut.rows, cut.predictions_end = [], 0, [], 0
    again = Server(machine, cut, place="here")
    numbers += again.record(2)
    again.take().end()
    assert_stored_once(machine, numbers, again)


def test_a_journal_of_a_release_without_openings_goes_on(machine):
    server = Server(machine)
    numbers = server.record(2)
    with machine.database.write() as connection:
        for stream in ("predictions", "feedback"):
            connection.exec_driver_sql(
                f"INSERT INTO journal_positions VALUES ('{server.journal.journal_id}', '{stream}', 0, 1)"
            )
    again = Server(machine, server.journal)
    again.take().end()
    assert again.journal.journal_id == server.journal.journal_id
    assert_stored_once(machine, numbers, again)


def test_a_journal_whose_server_is_gone_is_named_with_what_it_holds(machine):
    gone = Server(machine).take()
    gone.record(2)
    gone.store()
    gone.record(3)
    machine.seconds += LOOK_SECONDS
    gone.keeper.renew()
    ended = Server(machine).take()
    ended.record(1)
    ended.end()
    machine.seconds += 3600
    server = Server(machine).take()
    [found] = server.keeper.left_behind
    assert found.journal_id == gone.journal.journal_id
    assert (found.stored.feedback, found.waiting_bytes.feedback) == (200, 300)
    assert found.waiting_bytes.predictions == 300
    assert machine.clock() - found.seen_time_us == 3600 * 1_000_000
    # Its server comes back.
    back = Server(machine, gone.journal).take()
    back.end()
    server.keeper._look_around()
    assert server.keeper.left_behind == ()


def test_two_unknown_copies_of_one_folder_do_not_both_get_its_id(machine):
    first = Server(machine)
    numbers = first.record(2)
    second = Server(machine, first.journal)
    numbers += first.record(1) + second.record(1)
    first.take()
    machine.seconds += LOOK_SECONDS
    with pytest.raises(JournalHeldError):
        second.take(waits=False)
    machine.seconds += LOOK_SECONDS
    first.keeper.renew()
    second.take(waits=False)
    for server in (second, first):
        server.end()
    assert_stored_once(machine, numbers, first, second)


def test_a_database_that_takes_no_writes_for_a_while_does_not_stop_the_server(machine, monkeypatch):
    server = Server(machine).take()

    def away() -> NoReturn:
        raise DatabaseUnavailableError("the database is locked")

    machine.seconds += LOOK_SECONDS
    with monkeypatch.context() as patched:
        patched.setattr(machine.database, "write", away)
        server.keeper.renew()
    numbers = server.record(2)
    server.end()
    assert_stored_once(machine, numbers, server)


def test_a_journal_is_whole_when_its_server_ended_and_nothing_of_it_is_missing(machine):
    ended, killed, hurried = (Server(machine).take() for _ in range(3))
    for server in (ended, killed, hurried):
        server.record(2)
        server.store()
    ended.end()
    hurried.record(1)
    hurried.keeper.release()
    names = {server.journal.journal_id for server in (ended, killed, hurried)}
    with machine.database.read() as connection:
        assert journals.whole(connection, names | {"unknown"}) == {ended.journal.journal_id}


class Walk:
    """Servers and copies of their folders that come and go in any order."""

    def __init__(self, machine):
        self.machine = machine
        self.places = itertools.count()
        self.numbers = []
        self.running = [Server(machine, place="p0")]
        self.folders = []
        self.done = []

    def step(self, action, which):
        if action == "time":
            self.machine.seconds += which
            return
        if action == "start":
            if self.folders:
                journal = self.folders.pop(which % len(self.folders))
                self.running.append(Server(self.machine, journal, place=journal.place))
            return
        if not self.running:
            return
        server = self.running[which % len(self.running)]
        if action == "record":
            self.numbers += server.record(1 + which % 2)
        elif action == "copy":
            copied = server.journal.copy(f"p{next(self.places)}-{uuid.uuid4().hex}")
            self.folders.append(copied)
        elif action in ("crash", "end"):
            self.running.remove(server)
            if action == "end":
                self.attempt(server, server.end)
            self.done.append(server)
            self.folders.append(server.journal)
        elif action == "take":
            self.attempt(server, server.keeper.take)
        elif action == "renew":
            self.attempt(server, server.keeper.renew)
        elif action == "feedback":
            self.attempt(server, server.store_feedback)
        else:
            self.attempt(server, server.store_predictions)

    def attempt(self, server, what):
        with contextlib.suppress(JournalHeldError, JournalTakenError):
            what()

    def finish(self):
        """Every folder is served once more, until everything of it is stored."""
        for server in self.running:
            self.done.append(server)
            self.folders.append(server.journal)
        for journal in self.folders:
            server = Server(self.machine, journal, place=journal.place).take()
            server.end()
            self.done.append(server)


ACTIONS = ["record", "record", "copy", "crash", "end", "start", "start", "take", "take", "renew", "time"]
STEPS = st.lists(
    st.tuples(st.sampled_from([*ACTIONS, "feedback", "predictions"]), st.integers(0, 9)), max_size=40
)


@given(STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_whatever_is_copied_restored_and_killed_everything_is_stored_once(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("walk")
    (folder / "folders").mkdir()
    machine = Machine(f"sqlite:///{folder / 'pointsman.db'}", folder / "folders")
    try:
        walk = Walk(machine)
        for step in steps:
            walk.step(*step)
        walk.finish()
        assert_stored_once(machine, walk.numbers, *walk.done)
    finally:
        machine.database.close()
