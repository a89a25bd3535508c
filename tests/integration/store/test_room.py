"""Whether there is room for rows is answered as if all were counted, which mostly they are not."""

import random

import pytest
from sqlalchemy import select

from pointsman.domain.drift.ground_truth import GroundTruth
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.store.drift import predictions, truths
from pointsman.store.drift.room import ModelRoom
from pointsman.store.schema import models

from .rows import add_model

MOST = 40
kinds = pytest.mark.parametrize("rows", [truths, predictions], ids=["outcomes", "predictions"])


def keys_of(database):
    for model_id in ("a", "b", "c"):
        add_model(database, model_id=model_id)
    with database.read() as connection:
        return list(connection.execute(select(models.c.row_key)).scalars())


def put(database, rows, model_key, first, count):
    """Stores so many rows of a model, of times from the first number on."""
    numbers = range(first, first + count)
    with database.write() as connection:
        if rows is truths:
            records = [GroundTruth(f"e{number}", "yes", 1) for number in numbers]
            truths.put(connection, model_key, records, lambda _: "0" * 32, first)
            return
        for number in numbers:
            one = LoggedPrediction("", "1", number, features={}, prediction="yes")
            predictions.add(connection, model_key, one)


def remove(database, draw, rows, model_key, until):
    """Deletes in one of the ways in which rows go; the newest of all are among them."""
    most = draw.randrange(1, 30)
    with database.write() as connection:
        if draw.random() < 0.5:
            rows.remove_of_model(connection, model_key, most)
        else:
            rows.remove_before(connection, until, most)


@kinds
@pytest.mark.parametrize("seed", range(4))
def test_the_answer_is_that_of_a_count_whatever_came_and_went(database, rows, seed):
    draw, keys, room, told = random.Random(seed), keys_of(database), ModelRoom(rows, MOST), 1
    for _ in range(120):
        model_key = draw.choice(keys)
        if draw.random() < 0.25:
            remove(database, draw, rows, draw.choice(keys), told)
        more = draw.randrange(1, 9)
        with database.read() as connection:
            there = rows.count(connection, model_key)
            assert room.is_enough(connection, model_key, more) == (there + more <= MOST), (there, more)
        if there + more <= MOST:
            put(database, rows, model_key, told, more)
            told += more


@kinds
def test_rows_are_counted_once_where_there_is_room(database, rows, monkeypatch):
    (model_key, *_), room, counted = keys_of(database), ModelRoom(rows, 1_000), []
    count = rows.count

    def counting(connection, of_model):
        counted.append(of_model)
        return count(connection, of_model)

    monkeypatch.setattr(rows, "count", counting)
    for first in range(1, 900, 10):
        with database.read() as connection:
            assert room.is_enough(connection, model_key, 10)
        put(database, rows, model_key, first, 10)
    assert counted == [model_key]
