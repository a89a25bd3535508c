"""Keys in SQL."""

from pointsman.domain.keys import ApiKey, Scope, SigningKey
from pointsman.store import api_keys, installation, signing_keys


def a_key(number, **fields):
    values = {"user_id": "alice", "scopes": frozenset({Scope.READ, Scope.PREDICT})}
    return ApiKey(f"key{number:05}", bytes(32), **(values | fields))


def test_keys_are_listed_in_order_and_good_ones_apart(database):
    with database.write() as connection:
        assert not api_keys.any_exists(connection)
        made = [
            api_keys.add(connection, a_key(1)),
            api_keys.add(connection, a_key(2, user_id="bob", expire_time_us=10)),
            api_keys.add(connection, a_key(3, scopes=frozenset(), admin=True, display_name="é")),
        ]
        api_keys.revoke(connection, "key00001", 5)
    with database.read() as connection:
        assert api_keys.any_exists(connection)
        assert api_keys.find(connection, "key00003") == made[2]
        assert [key.key_id for key in api_keys.good(connection, 9)] == ["key00002", "key00003"]
        assert [key.key_id for key in api_keys.good(connection, 10)] == ["key00003"]
        first = api_keys.list_page(connection, user_id="", page_size=2, page_token="")
        rest = api_keys.list_page(connection, user_id="", page_size=2, page_token=first.next_page_token)
        assert [key.key_id for key in (*first.items, *rest.items)] == ["key00001", "key00002", "key00003"]
        assert first.items[0].revoke_time_us == 5


def test_one_signing_key_signs_and_old_ones_are_forgotten(database):
    with database.write() as connection:
        for number in range(3):
            signing_keys.add(connection, SigningKey(number, bytes([number]) * 32, number * 10))
        keys = signing_keys.list_all(connection)
        assert [key.retire_time_us for key in keys] == [10, 20, None]
        signing_keys.remove_retired(connection, 15)
        assert [key.key_id for key in signing_keys.list_all(connection)] == [1, 2]


def test_the_key_of_entity_hashes_is_kept(database):
    with database.write() as connection:
        assert installation.entity_key(connection) == b""
        installation.add(connection, bytes(range(32)), 5)
    with database.read() as connection:
        assert installation.entity_key(connection) == bytes(range(32))
