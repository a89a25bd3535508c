"""What the versions of a model have in common: kept once, while a version is there."""

import dataclasses
from itertools import product

from pointsman.domain.access import can_read
from pointsman.domain.keys import Principal
from pointsman.domain.models import Model, ModelKey
from pointsman.domain.permissions import Permissions
from pointsman.store import generations, model_versions, models

from .rows import add_model

ADMIN = Principal("ops", frozenset(), admin=True)
OPEN = Permissions(True, True, ("bob", "cy"))


def listed(database, caller, **wanted):
    filters = {"model_id": "", "stage": None, "tag": "", "page_size": 100, "page_token": ""} | wanted
    with database.read() as connection:
        return model_versions.list_page(connection, caller, **filters)


def found(database, model_id="cancer"):
    with database.read() as connection:
        return models.find(connection, model_id)


def save(database, model):
    with database.write_routing() as connection:
        generation = generations.advance(connection)
        return models.save(connection, model, generation), generation


def test_the_first_version_brings_them_and_later_ones_leave_them(database):
    first = add_model(database, "1", permissions=OPEN)
    second = add_model(database, "2")
    assert (first.permissions, first.owner) == (second.permissions, second.owner) == (OPEN, "alice")
    assert first.etag == second.etag
    with database.read() as connection:
        assert model_versions.find(connection, first.key) == first
        assert model_versions.find_many(connection, [first.key, second.key]) == {
            first.key: first,
            second.key: second,
        }


def test_a_change_marks_every_version_that_is_there(database):
    keys = [add_model(database, version).key for version in ("1", "2")]
    add_model(database, "1", "other")
    before = found(database)
    wanted = dataclasses.replace(before, owner="bob", permissions=OPEN, revision=2)
    saved, generation = save(database, wanted)
    assert saved == found(database) == wanted
    with database.read() as connection:
        changed = model_versions.changed_since(connection, generation - 1)
        assert [(model.key, model.owner, model.permissions) for model in changed] == [
            (key, "bob", OPEN) for key in keys
        ]
        # Servers of an older release read the owner there.
        owners = connection.exec_driver_sql(
            "SELECT DISTINCT owner FROM model_versions WHERE model_id = 'cancer'"
        )
        assert owners.scalars().all() == ["bob"]
    assert saved.etag != before.etag


def test_users_are_replaced_and_keep_their_order(database):
    add_model(database, permissions=OPEN)
    for users in (("dee", "bob"), (), ("cy",)):
        save(database, dataclasses.replace(found(database), permissions=Permissions(shared_user_ids=users)))
        assert found(database).permissions.shared_user_ids == users


def test_with_the_last_version_they_go(database):
    first, second = add_model(database, "1", permissions=OPEN), add_model(database, "2")
    add_model(database, "1", "other", permissions=OPEN)
    for version in (first, second):
        assert found(database) is not None
        with database.write_routing() as connection:
            model_versions.remove(connection, version.row_key, generations.advance(connection), 1)
    assert found(database) is None
    with database.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM model_permissions").scalar_one()
        assert count == len(OPEN.shared_user_ids), "those of the other model"
    again = add_model(database, "1")
    assert (again.permissions, again.etag != first.etag) == (Permissions(), True)


def test_the_list_shows_whom_the_rule_lets_read(database):
    cases = product([False, True], [False, True], [(), ("bob",), ("bob", "cy"), ("alice",)])
    made = [
        add_model(database, "1", f"m{number:02}", permissions=Permissions(*permissions))
        for number, permissions in enumerate(cases)
    ]
    for user_id, admin in product(["alice", "bob", "cy", "Bob", ""], [False, True]):
        caller = Principal(user_id, frozenset(), admin)
        wanted = [model.model_id for model in made if can_read(caller, model)]
        assert [model.model_id for model in listed(database, caller).items] == wanted
        paged, token = [], ""
        while True:
            page = listed(database, caller, page_size=3, page_token=token)
            paged += [model.model_id for model in page.items]
            token = page.next_page_token
            if not token:
                break
            assert len(page.items) == 3
        assert paged == wanted


def test_a_model_that_an_older_release_stored_is_its_registrants_alone(database):
    add_model(database, permissions=OPEN)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM models")
    assert found(database) == Model("cancer", "alice", revision=0)
    assert [model.owner for model in listed(database, Principal("alice", frozenset())).items] == ["alice"]
    assert listed(database, Principal("bob", frozenset())).items == ()
    add_model(database, "2")
    save(database, dataclasses.replace(found(database), permissions=OPEN, revision=1))
    with database.read() as connection:
        both = model_versions.find_many(connection, [ModelKey("cancer", "1"), ModelKey("cancer", "2")])
    assert {model.permissions for model in both.values()} == {OPEN}


def test_what_an_older_release_left_of_a_model_that_went_away_is_nobodys(database):
    add_model(database, permissions=OPEN)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE model_versions SET delete_time_us = 1")
    assert found(database) is None
    assert add_model(database).permissions == Permissions()
    assert [model.permissions for model in listed(database, ADMIN).items] == [Permissions()]
