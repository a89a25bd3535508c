"""Users in SQL: what the database keeps of them, and what it refuses whoever writes it."""

import dataclasses

import pytest
import sqlalchemy

from pointsman.domain.keys import ApiKey, Scope
from pointsman.domain.users import User
from pointsman.store import api_keys, generations, users
from pointsman.store import schema as tables

READ, PREDICT = Scope.READ, Scope.PREDICT
ANN = User("ann", frozenset({PREDICT, READ}), False, "Ann", "é\n", 5, 6)
OPS = User("ops", admin=True, create_time_us=7, update_time_us=7)


def test_a_definition_comes_back_as_it_was_stored_and_the_last_one_stands(database):
    with database.write() as connection:
        users.save(connection, ANN)
        users.save(connection, OPS)
        assert users.find(connection, "ann") == ANN
        changed = dataclasses.replace(ANN, scopes=frozenset(), update_time_us=8)
        users.save(connection, changed)
    with database.read() as connection:
        assert users.find_many(connection, ["ops", "nobody", "ann"]) == {"ann": changed, "ops": OPS}
    with database.write() as connection:
        users.remove(connection, "ann")
        users.remove(connection, "nobody")
        assert users.find(connection, "ann") is None
        assert users.find(connection, "ops") == OPS


def test_definitions_are_listed_by_their_ids_byte_by_byte(database):
    names = ["Zoe", "a-b", "a.b", "a@b", "ab", "é".encode().hex()]
    with database.write() as connection:
        for name in reversed(names):
            users.save(connection, User(name))
    seen, token = [], ""
    with database.read() as connection:
        while True:
            page = users.list_page(connection, page_size=2, page_token=token)
            seen += [user.user_id for user in page.items]
            token = page.next_page_token
            if not token:
                break
    assert seen == sorted(names)


def test_many_users_are_found_at_once(database):
    names = [f"u{number}" for number in range(1200)]
    with database.write() as connection:
        for name in names[::2]:
            users.save(connection, User(name))
    with database.read() as connection:
        assert set(users.find_many(connection, names)) == set(names[::2])


def test_good_keys_stand_beside_the_definitions_of_their_users(database):
    def key(number, **fields):
        values = {"user_id": "ann", "scopes": frozenset({READ})}
        return ApiKey(f"key{number:05}", bytes(32), **(values | fields))

    with database.write() as connection:
        for one in (key(1), key(2, user_id="bob"), key(3, expire_time_us=10), key(4)):
            api_keys.add(connection, one)
        api_keys.revoke(connection, "key00004", 5)
        users.save(connection, ANN)
    with database.read() as connection:
        good = users.good_keys(connection, 10)
        assert [(bound.key.key_id, bound.user) for bound in good] == [("key00001", ANN), ("key00002", None)]
        assert [bound.key.key_id for bound in users.good_keys(connection, 9, user_id="ann")] == [
            "key00001",
            "key00003",
        ]


@pytest.mark.parametrize(
    "values",
    [
        {"user_id": ""},
        {"scopes": "mlops:everything"},
        {"scopes": "mlops:write,mlops:read"},
        {"scopes": "mlops:read,"},
        {"scopes": "mlops:read", "admin": True},
        {"create_time_us": 2, "update_time_us": 1},
        {"description": None},
    ],
)
def test_the_database_refuses_what_no_definition_is(database, values):
    row = {
        "user_id": "ann",
        "scopes": "mlops:read",
        "admin": False,
        "display_name": "",
        "description": "",
        "create_time_us": 1,
        "update_time_us": 1,
    }
    with pytest.raises(sqlalchemy.exc.IntegrityError), database.write() as connection:
        connection.execute(sqlalchemy.insert(tables.users).values(row | values))
    with database.read() as connection:
        assert users.find(connection, "ann") is None


def test_a_change_may_say_on_its_way_that_the_key_table_changes(database):
    with database.write_routing() as connection:
        before = generations.current(connection)
        made = generations.step(connection).after.generation
        assert generations.current(connection).access_changed == before.access_changed
        generations.touch_access(connection)
        assert generations.current(connection).access_changed == made
