"""Each logged prediction is seen once, wherever it lies and whatever is done to it meanwhile.

Predictions are logged, written into files, merged, erased, past their time, and lose their model, in random
orders. What is seen is held against a model of one dictionary; the disk is looked at in the end.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select

from pointsman.control.drift import erasing
from pointsman.control.drift.upkeep import DriftUpkeep
from pointsman.control.lake.compaction import Compaction
from pointsman.control.lake.folder import LakeFolder
from pointsman.control.lake.logged_erasure import LoggedErasure
from pointsman.control.lake.replacing import Replacing
from pointsman.control.lake.retention import Retention
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.keys import Principal
from pointsman.domain.records import lake_plans
from pointsman.errors import LeaseLostError
from pointsman.lake.models import logged
from pointsman.lake.models.logged import LoggedFiles, Times
from pointsman.lake.models.pages import Window
from pointsman.store.drift import gone_models, horizons, predictions
from pointsman.store.drift.room import ModelRoom
from pointsman.store.recording import erasures, lake_files, logged_files
from pointsman.store.schema import model_versions, models
from stage.logged_files import by_hand, shipping_to

from .rows import add_model

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US + DAY_US // 2
KEPT_DAYS = 90
STEPS = 120
MOST = 60
JOURNAL = SimpleNamespace(journal_id="0123456789abcdef0123456789abcdef")
ENTITIES = ("ann", "bob", "cid", "")
ALICE = Principal("alice", frozenset())
EVER = Times(0, 2**62)


class Scene:
    """Models whose predictions lie in a database and a lake."""

    def __init__(self, database, folder):
        self.database = database
        self.duck = duckdb.connect()
        self.now_us = NOW_US
        clock = lambda: self.now_us  # noqa: E731 - what the parts are given
        self.folder = LakeFolder(folder)
        self.files = LoggedFiles(folder, JOURNAL)
        self.shipping = shipping_to(folder, JOURNAL, clock, is_sqlite=database.is_sqlite)
        self.retention = Retention(
            database, self.folder, JOURNAL, days=KEPT_DAYS, max_bytes=1, grace_seconds=1, clock=clock
        )
        merging: Any = None
        self.compaction = Compaction(database, merging, JOURNAL, self.folder, clock)
        replacing = Replacing(database, JOURNAL, self.folder, self.retention, clock)
        self.erasure = LoggedErasure(database, self.folder, self.retention, replacing)
        lanes: Any = SimpleNamespace(upload=None)
        self.upkeep = DriftUpkeep(KEPT_DAYS, lanes, clock)
        self.room = ModelRoom(predictions, MOST)

    def key_of(self, model_id):
        with self.database.read() as connection:
            found = select(models.c.row_key).where(models.c.model_id == model_id)
            return connection.execute(found).scalar_one()

    def log(self, model_key, draw):
        time_us = self.now_us - draw.randrange(0, (KEPT_DAYS + 2) * DAY_US)
        given = a_prediction(draw, time_us)
        with self.database.write() as connection:
            is_room = self.room.is_enough(connection, model_key, 1)
            if not is_room:
                return None
            prediction_id = predictions.add(connection, model_key, given)
        return LoggedPrediction(**vars(given) | {"prediction_id": prediction_id})

    def ship(self):
        return self.shipping.ship(by_hand(self.database))

    def ship_rest(self):
        return self.shipping.ship_rest(by_hand(self.database))

    def merge(self):
        for group in self.compaction.plan(lake_date(self.now_us)):
            assert self.compaction.merge(group)

    def erase(self, model_id, entity_id):
        """Erases an entity as a call does; answers how many predictions went."""
        with self.database.write() as connection:
            done = erasing.erase(connection, ALICE, [model_id], entity_id)
            key = erasures.ask(connection, "router", entity_id, [JOURNAL.journal_id], self.now_us)
            self.erasure.ask(connection, key, done.model_keys)
            (asked,) = erasures.waiting_for(connection, JOURNAL.journal_id)
        before = self.in_files()
        self.erasure.erase([JOURNAL.journal_id], asked)
        with self.database.write() as connection:
            erasures.erased(connection, asked, JOURNAL.journal_id)
            erasures.finish(connection, asked, JOURNAL.journal_id, self.now_us)
        return done.prediction_count + before - self.in_files()

    def in_files(self):
        with self.database.read() as connection:
            keys = list(connection.execute(select(models.c.row_key)).scalars())
            return sum(logged_files.row_count(connection, key) for key in keys)

    def expire(self):
        while self.upkeep.purge(by_hand(self.database)):
            pass
        self.retention.expire()

    def delete_model(self, model_id):
        with self.database.write_routing() as connection:
            connection.execute(delete(model_versions).where(model_versions.c.model_id == model_id))
            if not gone_models.hide(connection, model_id):
                connection.execute(delete(models).where(models.c.model_id == model_id))
        while self.upkeep.empty_models(by_hand(self.database)):
            pass

    def tidy(self):
        self.now_us += 2_000_000
        self.retention.delete_replaced()

    def seen(self, model_key):
        """All predictions of a model in full; each of the ways to read must tell the same of them."""
        duck, window = self.duck, Window(0, 2**62, 10**6)
        with self.database.read() as sql:
            paths = self.files.paths(sql, model_key)
            heads = [one for part in predictions.heads(sql, model_key) for one in part]
            count, stored = logged.newest_in(duck, paths, window)
            ids = [one.prediction_id for one in heads] + [one.prediction_id for one in stored]
            assert len(ids) == len(set(ids)), "a prediction is seen twice"
            assert len(ids) == count + len(heads) == predictions.count(sql, model_key)
            return dict(logged.find_many(sql, duck, self.files, model_key, ids, EVER))

    def on_disk(self):
        """The ids in all files of the lake, listed or not."""
        return {
            row["prediction_id"]
            for path in self.folder.root.rglob("*.parquet")
            for row in pq.ParquetFile(path).read(["prediction_id"]).to_pylist()
        }


def lake_date(time_us):
    from pointsman.control.lake.sealing import date_of

    return date_of(time_us)


def a_prediction(draw, time_us):
    features = {
        "age": draw.choice([42, 41.5, None]),
        "Age": draw.choice(["old", True]),
        "größe": draw.choice(["ж" * draw.randrange(3), -0.0, 1e300]),
    }
    chosen = dict(draw.sample(sorted(features.items(), key=lambda item: item[0]), draw.randrange(4)))
    is_class = draw.random() < 0.5
    return LoggedPrediction(
        "",
        draw.choice(["", "1"]),
        time_us,
        features=chosen,
        prediction=draw.choice(["yes", "TRUE", True]) if is_class else draw.choice([1.0, 2.5, 7]),
        probabilities=(0.25, 0.75) if is_class else (),
        confidence=0.75 if is_class else None,
        entity_id=draw.choice(ENTITIES),
        latency_ms=draw.choice([None, 2.5]),
    )


def is_kept(scene, one):
    """Whether a prediction must be there: files hold a date, of which all go with the newest."""
    return one.time_us >= scene.now_us - KEPT_DAYS * DAY_US


@pytest.mark.parametrize("seed", range(6))
def test_each_prediction_is_seen_once_whatever_is_done_with_files(database, tmp_path, monkeypatch, seed):
    monkeypatch.setattr(lake_plans, "MIN_FILES", 2)
    draw, scene = random.Random(seed), Scene(database, tmp_path)
    for model_id in ("m", "n"):
        add_model(database, model_id=model_id)
    keys = {model_id: scene.key_of(model_id) for model_id in ("m", "n")}
    expected: dict[str, dict[str, Any]] = {model_id: {} for model_id in keys}
    steps = []
    for _ in range(STEPS):
        step = draw.choices(
            ("log", "ship", "rest", "merge", "erase", "expire", "tidy", "delete"), (8, 4, 1, 2, 2, 1, 1, 0.2)
        )[0]
        model_id = draw.choice(sorted(keys))
        steps.append((step, model_id))
        if step == "log":
            for _ in range(draw.randrange(1, 6)):
                made = scene.log(keys[model_id], draw)
                assert (made is None) == (len(expected[model_id]) >= MOST), steps
                if made is not None:
                    expected[model_id][made.prediction_id] = made
        elif step == "ship":
            scene.ship()
        elif step == "rest":
            scene.ship_rest()
        elif step == "merge":
            scene.merge()
        elif step == "erase":
            entity_id = draw.choice(ENTITIES[:3])
            gone = [key for key, one in expected[model_id].items() if one.entity_id == entity_id]
            assert scene.erase(model_id, entity_id) == len(gone), steps
            for key in gone:
                del expected[model_id][key]
            assert not scene.on_disk().intersection(gone), steps
        elif step == "expire":
            scene.expire()
            for of_model, key in keys.items():
                there = scene.seen(key)
                for made in list(expected[of_model].values()):
                    if made.prediction_id not in there:
                        assert not is_kept(scene, made), (steps, made)
                        del expected[of_model][made.prediction_id]
                    elif not is_kept(scene, made):
                        assert made.time_us >= scene.now_us - (KEPT_DAYS + 1) * DAY_US, (steps, made)
        elif step == "tidy":
            scene.tidy()
        elif step == "delete":
            scene.delete_model(model_id)
            add_model(database, version=str(len(steps)), model_id=model_id)
            keys[model_id] = scene.key_of(model_id)
            expected[model_id] = {}
        for of_model, key in keys.items():
            assert scene.seen(key) == expected[of_model], steps
    scene.expire()
    scene.tidy()
    there = {one for key in keys.values() for one in scene.seen(key)}
    assert scene.on_disk() <= there, "files hold what is gone"


def test_readers_see_each_prediction_once_while_files_are_written_and_merged(database, tmp_path, monkeypatch):
    monkeypatch.setattr(lake_plans, "MIN_FILES", 2)
    scene, draw = Scene(database, tmp_path), random.Random(2)
    add_model(database, model_id="m")
    key = scene.key_of("m")
    scene.room = ModelRoom(predictions, 1_000)
    expected = {one.prediction_id: one for one in (scene.log(key, draw) for _ in range(150))}
    scene.shipping._rows_per_file = 2

    def write_all():
        while scene.ship():
            scene.merge()

    with ThreadPoolExecutor(1) as writers:
        writing, looks = writers.submit(write_all), 0
        while not writing.done():
            assert scene.seen(key) == expected
            looks += 1
        writing.result()
    assert looks > 3, "nobody looked while files were written"
    assert scene.in_files() == len(expected)


def test_what_was_erased_while_a_file_was_written_keeps_the_file_out(database, tmp_path, monkeypatch):
    scene = Scene(database, tmp_path)
    add_model(database, model_id="m")
    key, draw = scene.key_of("m"), random.Random(1)
    made = [scene.log(key, draw) for _ in range(20)]
    entity = next(one.entity_id for one in made if one.entity_id)
    write = LakeFolder.write

    def writing(self, path, content):
        write(self, path, content)
        with database.write() as connection:
            predictions.remove_of_entity(connection, [key], entity)

    with monkeypatch.context() as patched:
        patched.setattr(LakeFolder, "write", writing)
        scene.ship()
    assert scene.on_disk() == set()
    assert set(scene.seen(key)) == {one.prediction_id for one in made if one.entity_id != entity}


def test_a_model_that_was_deleted_while_a_file_was_written_keeps_the_file_out(
    database, tmp_path, monkeypatch
):
    scene = Scene(database, tmp_path)
    add_model(database, model_id="m")
    key, draw = scene.key_of("m"), random.Random(1)
    scene.log(key, draw)
    write = LakeFolder.write

    def writing(self, path, content):
        write(self, path, content)
        with database.write_routing() as connection:
            assert gone_models.hide(connection, "m")

    monkeypatch.setattr(LakeFolder, "write", writing)
    scene.ship()
    assert scene.on_disk() == set()
    with database.read() as connection:
        assert lake_files.all_paths(connection) == set()


def test_a_server_whose_lease_is_gone_writes_nothing(database, tmp_path):
    scene = Scene(database, tmp_path)
    add_model(database, model_id="m")
    key = scene.key_of("m")
    made = scene.log(key, random.Random(1))
    context = by_hand(database)

    def lost(_):
        raise LeaseLostError("another server has taken over")

    context.fence = lost  # type: ignore[method-assign]
    with pytest.raises(LeaseLostError):
        scene.shipping.ship(context)
    assert scene.on_disk() == set()
    assert set(scene.seen(key)) == {made.prediction_id}
    assert scene.in_files() == 0


def test_a_file_that_a_crash_left_is_not_read_and_is_deleted_later(database, tmp_path, monkeypatch):
    scene = Scene(database, tmp_path)
    add_model(database, model_id="m")
    key, draw = scene.key_of("m"), random.Random(1)
    made = [scene.log(key, draw) for _ in range(5)]

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lake_files, "add", crash)
        with pytest.raises(KeyboardInterrupt):
            scene.ship()
    assert scene.on_disk(), "the file was written before the transaction"
    assert scene.seen(key) == {one.prediction_id: one for one in made}
    scene.now_us = 2**52
    scene.retention.delete_orphans(0)
    assert scene.on_disk() == set()
    scene.now_us = NOW_US
    while scene.ship():
        pass
    assert scene.seen(key) == {one.prediction_id: one for one in made}


def test_files_that_go_raise_the_horizon_of_their_model(database, tmp_path):
    scene = Scene(database, tmp_path)
    for model_id in ("m", "n"):
        add_model(database, model_id=model_id)
    old_us = scene.now_us - (KEPT_DAYS + 2) * DAY_US
    for model_id in ("m", "n"):
        with database.write() as connection:
            time_us = old_us if model_id == "m" else scene.now_us
            predictions.add(
                connection, scene.key_of(model_id), LoggedPrediction("", "", time_us, prediction=1.0)
            )
    while scene.ship():
        pass
    assert scene.retention.expire() == 1
    with database.read() as connection:
        settled = [horizons.settled_us(connection, scene.key_of(model_id)) for model_id in ("m", "n")]
    assert settled == [old_us + 1 + KEPT_DAYS * DAY_US // 2, 0]


def test_an_erasure_leaves_what_was_logged_after_it(database, tmp_path):
    scene = Scene(database, tmp_path)
    add_model(database, model_id="m")
    key = scene.key_of("m")

    def log():
        with database.write() as connection:
            one = LoggedPrediction("", "", scene.now_us, prediction=1.0, entity_id="ann")
            return predictions.add(connection, key, one)

    log()
    scene.ship()
    with database.write() as connection:
        done = erasing.erase(connection, ALICE, ["m"], "ann")
        erasure = erasures.ask(connection, "router", "ann", [JOURNAL.journal_id], 1)
        scene.erasure.ask(connection, erasure, done.model_keys)
    later = log()
    scene.ship()
    with database.read() as connection:
        (asked,) = erasures.waiting_for(connection, JOURNAL.journal_id)
    scene.erasure.erase([JOURNAL.journal_id], asked)
    assert set(scene.seen(key)) == {later}


def test_files_of_another_server_that_are_not_here_are_left_out(database, tmp_path):
    scene = Scene(database, tmp_path)
    add_model(database, model_id="m")
    key = scene.key_of("m")
    scene.log(key, random.Random(1))
    scene.ship()
    here = LoggedFiles(tmp_path / "elsewhere", SimpleNamespace(journal_id="f" * 32))
    shared = LoggedFiles(tmp_path, SimpleNamespace(journal_id="f" * 32))
    with database.read() as connection:
        assert here.paths(connection, key) == []
        assert shared.paths(connection, key) == scene.files.paths(connection, key) != []
