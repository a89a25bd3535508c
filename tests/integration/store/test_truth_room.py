"""Whether there is room for outcomes is answered as if all were counted, which mostly they are not."""

import random

import pytest
from sqlalchemy import select

from pointsman.domain.drift.ground_truth import GroundTruth
from pointsman.store.drift import truths
from pointsman.store.drift.truth_room import TruthRoom
from pointsman.store.schema import models

from .rows import add_model

MOST = 40


def keys_of(database):
    for model_id in ("a", "b", "c"):
        add_model(database, model_id=model_id)
    with database.read() as connection:
        return list(connection.execute(select(models.c.row_key)).scalars())


def put(database, model_key, first, count):
    records = [GroundTruth(f"e{number}", "yes", 1) for number in range(first, first + count)]
    with database.write() as connection:
        truths.put(connection, model_key, records, lambda _: "0" * 32, first)


def remove(database, draw, model_key, until):
    """Deletes in one of the ways in which outcomes go; the newest of all are among them."""
    most = draw.randrange(1, 30)
    with database.write() as connection:
        if draw.random() < 0.5:
            truths.remove_of_model(connection, model_key, most)
        else:
            truths.remove_before(connection, until, most)


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_is_that_of_a_count_whatever_came_and_went(database, seed):
    draw, keys, room, told = random.Random(seed), keys_of(database), TruthRoom(MOST), 0
    for _ in range(120):
        model_key = draw.choice(keys)
        if draw.random() < 0.25:
            remove(database, draw, draw.choice(keys), told)
        more = draw.randrange(1, 9)
        with database.read() as connection:
            there = truths.count(connection, model_key)
            assert room.is_enough(connection, model_key, more) == (there + more <= MOST), (there, more)
        if there + more <= MOST:
            put(database, model_key, told, more)
            told += more


def test_outcomes_are_counted_once_where_there_is_room(database, monkeypatch):
    (model_key, *_), room, counted = keys_of(database), TruthRoom(1_000), []
    count = truths.count

    def counting(connection, of_model):
        counted.append(of_model)
        return count(connection, of_model)

    monkeypatch.setattr(truths, "count", counting)
    for first in range(0, 900, 10):
        with database.read() as connection:
            assert room.is_enough(connection, model_key, 10)
        put(database, model_key, first, 10)
    assert counted == [model_key]
