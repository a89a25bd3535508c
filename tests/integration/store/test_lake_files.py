"""The manifest: registered once, replaced together, read as of one moment."""

import dataclasses

import pytest
from sqlalchemy.exc import IntegrityError

from pointsman.domain.records.lake import JournalStream, LakeFile, LakeKind
from pointsman.store.recording import journal_positions, lake_files

JOURNAL = "0123456789abcdef0123456789abcdef"


def a_file(number, **fields):
    values = {
        "kind": LakeKind.PREDICTIONS,
        "path": f"predictions/router=r/model=m/date=2026-01-01/01234567-{number:020}.parquet",
        "router_id": "r",
        "model_id": "m",
        "date": "2026-01-01",
        "journal_id": JOURNAL,
        "start_position": number,
        "end_position": number + 10,
        "row_count": 5,
        "byte_count": 1000,
        "min_time_us": number,
        "max_time_us": number + 9,
    }
    return LakeFile(**(values | fields))


def register(database, *files, position):
    with database.write() as connection:
        lake_files.register_segments(connection, JOURNAL, files, position, 77)


def present(database, kind=LakeKind.PREDICTIONS, **wanted):
    with database.read() as connection:
        return lake_files.present(connection, kind, **wanted)


def position(database):
    with database.read() as connection:
        return journal_positions.position_of(connection, JOURNAL, JournalStream.PREDICTIONS)


def test_to_register_twice_is_to_register_once(database):
    for _ in range(2):
        register(database, a_file(0), a_file(10), position=20)
    found = present(database)
    assert [dataclasses.replace(file, row_key=0) for file in found] == [
        dataclasses.replace(a_file(number), create_time_us=77) for number in (0, 10)
    ]
    assert position(database) == 20


def test_a_segment_without_predictions_moves_the_position_alone(database):
    register(database, position=30)
    register(database, position=10)
    assert position(database) == 30
    assert present(database) == []


def test_only_files_of_the_router_and_the_times_are_read(database):
    register(database, a_file(0), a_file(10), a_file(20), a_file(30, router_id="other"), position=40)
    assert [file.start_position for file in present(database, router_id="r", start_time_us=15)] == [10, 20]
    assert [file.start_position for file in present(database, router_id="r", end_time_us=10)] == [0]
    assert [file.start_position for file in present(database, router_id="other")] == [30]
    assert present(database, LakeKind.FEEDBACK) == []


def test_replaced_files_are_not_read_any_more_and_stay_listed_until_removed(database):
    register(database, a_file(0), a_file(10), a_file(20), position=30)
    old = present(database)[:2]
    with database.write() as connection:
        assert lake_files.replace(connection, old, 100)
        lake_files.add(connection, a_file(0, path="p-merged", end_position=20), 100)
    assert [file.path for file in present(database)] == ["p-merged", a_file(20).path]
    with database.write() as connection:
        assert not lake_files.replace(connection, old, 200)
        assert lake_files.replaced(connection, 100) == []
        assert [file.start_position for file in lake_files.replaced(connection, 101)] == [0, 10]
        assert len(lake_files.all_paths(connection)) == 4
        assert lake_files.size(connection) == (4, 10, 2000)
        lake_files.remove(connection, old)
    with database.read() as connection:
        assert lake_files.replaced(connection) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"path": ""},
        {"model_id": ""},
        {"kind": LakeKind.FEEDBACK},
        {"end_position": -1},
        {"row_count": 0},
        {"byte_count": 0},
        {"max_time_us": -1},
    ],
)
def test_what_cannot_be_a_file_is_refused(database, fields):
    with pytest.raises(IntegrityError), database.write() as connection:
        lake_files.add(connection, a_file(0, **fields), 1)


def test_a_path_is_listed_once(database):
    register(database, a_file(0), position=10)
    with pytest.raises(IntegrityError), database.write() as connection:
        lake_files.add(connection, a_file(0), 1)


def test_the_oldest_of_several_journals_is_known(database):
    with database.write() as connection:
        for number, journal_id in enumerate("ab"):
            journal_positions.raise_position(
                connection, journal_id, JournalStream.PREDICTIONS, 1, 10 + number
            )
        assert journal_positions.oldest_update(connection, {"a", "b"}, JournalStream.PREDICTIONS) == 10
        assert journal_positions.oldest_update(connection, {"b"}, JournalStream.PREDICTIONS) == 11
        assert journal_positions.oldest_update(connection, {"b", "c"}, JournalStream.PREDICTIONS) == 0
