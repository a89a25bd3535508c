"""Horizons of models only rise, and rise with what the lake lets go of."""

from types import SimpleNamespace

from sqlalchemy import select, update

from pointsman.control.lake.folder import LakeFolder
from pointsman.control.lake.retention import Retention
from pointsman.domain.recording import Recording
from pointsman.domain.records.lake import LakeKind
from pointsman.domain.variants import Variant
from pointsman.store.drift import horizons
from pointsman.store.recording import lake_files
from pointsman.store.schema import model_versions, models

from .rows import add_model, add_router
from .test_lake_files import JOURNAL, a_file

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US
KEPT_DAYS = 90


def key_of(database, model_id):
    with database.read() as connection:
        return connection.execute(select(models.c.row_key).where(models.c.model_id == model_id)).scalar_one()


def settled(database, model_key):
    with database.read() as connection:
        return horizons.settled_us(connection, model_key)


def retention_of(database, folder, max_bytes=2**40):
    return Retention(
        database,
        LakeFolder(folder),
        SimpleNamespace(journal_id=JOURNAL),
        days=KEPT_DAYS,
        max_bytes=max_bytes,
        grace_seconds=1,
        clock=lambda: NOW_US,
    )


def begin_at(database, time_us):
    """Has all models been there since a time."""
    with database.write() as connection:
        connection.execute(update(model_versions).values(create_time_us=time_us))


def test_a_horizon_rises_and_never_falls(database):
    add_model(database, model_id="m")
    add_model(database, model_id="n")
    one, other = key_of(database, "m"), key_of(database, "n")
    assert settled(database, one) == 0
    for given, expected in (({one: 5}, 5), ({one: 3, other: 9}, 5), ({one: 7}, 7), ({}, 7)):
        with database.write() as connection:
            horizons.raise_to(connection, given)
        assert settled(database, one) == expected
    assert settled(database, other) == 9


def test_models_that_are_not_there_have_no_horizon(database):
    add_model(database, model_id="m")
    with database.write() as connection:
        horizons.raise_of_models(connection, {"gone": 8, "m": 6})
    assert settled(database, key_of(database, "m")) == 6


def test_files_that_go_raise_it_by_half_of_what_is_kept_and_others_do_not(database, tmp_path):
    for model_id in ("m", "shown", "kept"):
        add_model(database, model_id=model_id)
    old_us, new_us = NOW_US - (KEPT_DAYS + 5) * DAY_US, NOW_US - DAY_US
    files = [
        a_file(1, path="a", min_time_us=old_us - 5, max_time_us=old_us),
        a_file(2, path="b", min_time_us=old_us - 9, max_time_us=old_us - 3),
        a_file(3, path="c", min_time_us=new_us, max_time_us=new_us),
        a_file(4, path="d", min_time_us=new_us, max_time_us=new_us, model_id="kept"),
        a_file(5, path="e", max_time_us=old_us, model_id="shown", kind=LakeKind.SHADOWS),
        a_file(6, path="f", max_time_us=old_us, model_id="unknown"),
    ]
    with database.write() as connection:
        for file in files:
            lake_files.add(connection, file, NOW_US)
    begin_at(database, 1)
    assert retention_of(database, tmp_path).expire() == 4
    assert settled(database, key_of(database, "m")) == old_us + 1 + KEPT_DAYS * DAY_US // 2
    assert settled(database, key_of(database, "kept")) == settled(database, key_of(database, "shown")) == 0


def test_files_that_a_router_keeps_for_less_raise_it_by_half_of_that(database, tmp_path):
    add_model(database, model_id="m")
    add_model(database, version="2", model_id="m")
    add_router(
        database,
        "r",
        variants=(Variant("a", "m", "1", 70), Variant("b", "m", "2", 30)),
        recording=Recording(retention_days=7),
    )
    last_us = NOW_US - 8 * DAY_US
    with database.write() as connection:
        lake_files.add(connection, a_file(1, path="a", min_time_us=last_us, max_time_us=last_us), NOW_US)
    begin_at(database, 1)
    assert retention_of(database, tmp_path).expire() == 1
    assert settled(database, key_of(database, "m")) == last_us + 1 + 4 * DAY_US


def test_files_that_go_for_want_of_room_do_not_raise_it_into_the_future(database, tmp_path):
    add_model(database, model_id="m")
    last_us = NOW_US - 2 * DAY_US
    with database.write() as connection:
        lake_files.add(connection, a_file(1, path="a", min_time_us=last_us, max_time_us=last_us), NOW_US)
    begin_at(database, 1)
    assert retention_of(database, tmp_path, max_bytes=0).expire() == 1
    assert settled(database, key_of(database, "m")) == last_us + 1 + DAY_US


def test_files_of_a_model_that_had_the_id_before_do_not_raise_it(database, tmp_path):
    add_model(database, model_id="m")
    with database.write() as connection:
        lake_files.add(connection, a_file(1, path="a", max_time_us=5), NOW_US)
    begin_at(database, NOW_US - DAY_US)
    assert retention_of(database, tmp_path).expire() == 1
    assert settled(database, key_of(database, "m")) == 0
