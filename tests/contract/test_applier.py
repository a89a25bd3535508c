"""What a read waits for before it counts feedback."""

import pytest

from .journal_rig import Machine, Server

BATCH_VALUES = 5
MOST_TAKES = 20


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "folders").mkdir()
    machine = Machine(f"sqlite:///{tmp_path / 'pointsman.db'}", tmp_path / "folders")
    yield machine
    machine.database.close()


def test_a_read_waits_for_what_was_acknowledged_before_it_and_not_for_what_comes_meanwhile(machine):
    server = Server(machine).take()
    server.applier._batch_values = BATCH_VALUES
    before = server.record(12)
    take, takes = server.replica.take_feedback, []

    def take_while_more_comes(*arguments):
        answer = take(*arguments)
        takes.append(server.record(BATCH_VALUES))
        assert len(takes) < MOST_TAKES, "the read waits as long as feedback comes"
        return answer

    server.replica.take_feedback = take_while_more_comes
    server.applier.apply_now()
    stored = machine.feedback()
    assert stored[: len(before)] == before
    assert len(stored) < len(before) + BATCH_VALUES


def test_a_read_without_new_feedback_asks_the_journal_for_none(machine):
    server = Server(machine).take()
    numbers = server.record(3)
    server.applier.apply_now()
    server.replica.take_feedback = lambda *_: pytest.fail("everything is applied")
    server.applier.apply_now()
    assert machine.feedback() == numbers
