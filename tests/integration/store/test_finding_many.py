"""Routers and model versions found by many ids: more than a statement takes."""

import dataclasses

from pointsman.domain.models import ModelKey
from pointsman.store import model_versions
from pointsman.store.routing import routers

from .rows import add_model, add_router


def test_those_that_are_there_are_found_whole_among_many_that_are_not(database):
    models = {model.key: model for model in (add_model(database, "1"), add_model(database, "2", tags=("a",)))}
    made = [
        add_router(database, "cancer", tags=("b", "a")),
        add_router(database, "other"),
        add_router(database, "gone"),
    ]
    with database.write_routing() as connection:
        routers.remove(connection, dataclasses.replace(made[2], changed_generation=9), 1)
    with database.read() as connection:
        wanted = ["gone", "cancer", *(f"r{number}" for number in range(1200)), "other"]
        assert routers.find_many(connection, wanted) == {"cancer": made[0], "other": made[1]}
        assert routers.find_many(connection, []) == {}
        keys = {ModelKey("cancer", str(number)) for number in range(20_000)}
        assert model_versions.find_many(connection, keys) == models
        assert model_versions.find_many(connection, ()) == {}
