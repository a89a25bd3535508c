"""Erased predictions are known by digests alone, to every server, and take no feedback."""

import pytest
from sqlalchemy import text

from pointsman.domain.records.feedback import FeedbackOutcome
from pointsman.domain.records.prediction_ids import digest_of
from pointsman.store.feedback import feedback_application
from pointsman.store.recording import erased_predictions
from stage.lake import prediction_id

from .feedback_model import a_value
from .rows import add_model, add_router

START_US = 1_790_035_200_000_000
IDS = [prediction_id(START_US + number, number) for number in range(1000)]


def test_the_digest_of_an_id_is_that_of_the_data_plane():
    assert digest_of("abc") == 0xBA78_16BF_8F01_CFEA


def test_those_of_many_that_are_erased_are_found_by_nothing_but_digests(database):
    with database.write() as connection:
        assert erased_predictions.erased_of(connection, IDS) == set()
        erased_predictions.add(connection, IDS[::2])
        erased_predictions.add(connection, IDS[:3])
        assert erased_predictions.erased_of(connection, IDS) == {*IDS[::2], IDS[1]}
        rows = connection.execute(text("SELECT * FROM erased_predictions")).all()
    assert len(rows) == 501
    assert not any(str(cell) in IDS for row in rows for cell in row)


def test_servers_read_on_behind_what_they_know(database):
    with database.write() as connection:
        assert erased_predictions.digests_behind(connection, 0) == ([], 0)
        erased_predictions.add(connection, IDS[:2])
        first, known = erased_predictions.digests_behind(connection, 0)
        erased_predictions.add(connection, IDS[1:3])
        second, last = erased_predictions.digests_behind(connection, known)
        assert sorted(first) == sorted(map(digest_of, IDS[:2]))
        assert second == [digest_of(IDS[2])]
        assert erased_predictions.digests_behind(connection, last) == ([], last)


def test_those_that_take_no_feedback_anyway_are_forgotten_and_numbers_never_come_back(database):
    with database.write() as connection:
        erased_predictions.add(connection, IDS[:10])
        _, last = erased_predictions.digests_behind(connection, 0)
        assert erased_predictions.remove_before(connection, START_US + 4) == 4
        assert erased_predictions.erased_of(connection, IDS) == set(IDS[4:10])
        assert erased_predictions.remove_before(connection, START_US + 100) == 6
        erased_predictions.add(connection, IDS[:1])
        digests, later = erased_predictions.digests_behind(connection, last)
    assert (digests, later > last) == ([digest_of(IDS[0])], True)


@pytest.mark.parametrize("stored_before", [True, False])
def test_feedback_for_them_is_left_out_when_it_is_applied(database, stored_before):
    add_model(database, "1")
    add_model(database, "2")
    add_router(database)
    values = [a_value(number, prediction_id=IDS[number]) for number in range(4)]
    with database.write() as connection:
        erased_predictions.add(connection, IDS[1:3])
        if stored_before:
            feedback_application.apply(connection, "a" * 32, values, 400, 9)
        applied = feedback_application.apply(connection, "a" * 32, values, 400, 9)
        stored = set(connection.execute(text("SELECT prediction_id FROM feedback")).scalars())
    kept = FeedbackOutcome.DUPLICATE if stored_before else FeedbackOutcome.APPLIED
    gone = FeedbackOutcome.UNSPECIFIED
    assert list(applied.outcomes) == [kept, gone, gone, kept]
    assert applied.dropped_count == 2
    assert stored == {IDS[0], IDS[3]}
