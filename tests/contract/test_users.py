"""Users are defined together with models and routers, and bound what their keys may do."""

import asyncio

import grpc
import pytest

from pointsman.control.access.bootstrap import create_admin_key
from pointsman.errors import FailedPreconditionError
from pointsman.store import generations, users
from pointsman.store.database import Database
from pointsman.v1 import definition_pb2, key_pb2

from .conftest import a_router, a_variant
from .test_definitions import CHANGED, CREATED, UNCHANGED, a_model, all_of, fields_of, outcomes
from .two_servers import east, in_step, url, west

__all__ = ["east", "url", "west"]

READ, WRITE, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT
ALL = [READ, WRITE, PREDICT]


@pytest.fixture
def database_url(each_database_url):
    return each_database_url


def a_user(user_id="bob", scopes=(), **fields):
    return key_pb2.User(user_id=user_id, scopes=scopes, **fields)


def apply(caller, *objects, **fields):
    attributes = {"Router": "router", "ModelVersion": "model", "User": "user"}
    definitions = [definition_pb2.Definition(**{attributes[item.DESCRIPTOR.name]: item}) for item in objects]
    request = definition_pb2.ApplyDefinitionsRequest(definitions=definitions, **fields)
    return caller.definitions.ApplyDefinitions(request)


async def make_key(bench, user_id="bob", scopes=(), **fields):
    request = key_pb2.CreateApiKeyRequest(user_id=user_id, scopes=scopes, **fields)
    return (await bench.local.keys.CreateApiKey(request)).api_key


async def key_of(bench, user_id="bob"):
    """The only key of a user, as lists show it."""
    answer = await bench.local.keys.ListApiKeys(key_pb2.ListApiKeysRequest(user_id=user_id))
    [key] = answer.api_keys
    return key


def published(bench, user_id="bob"):
    """What the data plane was told of the only key of a user: what it may do, and what is withheld."""
    [key] = [key for key in bench.replica.access.keys if key.user_id == user_id]
    return list(key.scopes), key.admin, list(key.withheld_scopes)


async def defined(bench):
    answer = await bench.local.keys.ListUsers(key_pb2.ListUsersRequest())
    return list(answer.users)


class TestBounds:
    """What is published of a key is what it says, within the definition of its user."""

    async def test_a_user_that_is_defined_bounds_its_keys_at_once_and_others_stay_as_they_are(self, bench):
        await make_key(bench, "bob", [READ, PREDICT])
        await make_key(bench, "carol", [READ, PREDICT])
        answer = await apply(bench.local, a_user("bob", [WRITE, READ]))
        assert outcomes(answer) == [CREATED]
        assert (answer.changes[0].kind, answer.changes[0].id) == (definition_pb2.DEFINITION_KIND_USER, "bob")
        assert published(bench, "bob") == ([READ], False, [PREDICT])
        assert published(bench, "carol") == ([READ, PREDICT], False, [])

    async def test_widened_again_it_gets_back_what_it_says_and_no_more(self, bench):
        await make_key(bench, "bob", [READ, PREDICT])
        await apply(bench.local, a_user("bob"))
        assert published(bench) == ([], False, [READ, PREDICT])
        answer = await apply(bench.local, a_user("bob", ALL))
        assert outcomes(answer) == [CHANGED]
        assert set(fields_of(answer.changes[0])) == {"scopes"}
        assert published(bench) == ([READ, PREDICT], False, [])
        await apply(bench.local, a_user("bob", admin=True))
        assert published(bench) == ([READ, PREDICT], False, [])

    async def test_an_admin_key_of_a_user_who_is_no_admin_has_the_users_scopes(self, bench):
        await make_key(bench, "ops", admin=True)
        await make_key(bench, "bob", admin=True)
        await apply(bench.local, a_user("bob", [READ]))
        assert published(bench) == ([READ], False, [WRITE, PREDICT])
        await apply(bench.local, a_user("bob", admin=True))
        assert published(bench) == (ALL, True, [])

    async def test_a_key_that_is_made_later_is_bound_too(self, bench):
        await apply(bench.local, a_user("bob", [READ, PREDICT]))
        await make_key(bench, "bob", [PREDICT])
        assert published(bench) == ([PREDICT], False, [])
        await apply(bench.local, a_user("bob", [READ]))
        assert published(bench) == ([], False, [PREDICT])

    async def test_lists_say_what_a_key_says_and_what_it_may_do(self, bench):
        made = await make_key(bench, "bob", [READ, PREDICT])
        assert (list(made.effective_scopes), made.effective_admin) == ([READ, PREDICT], False)
        await apply(bench.local, a_user("bob", [READ]))
        key = await key_of(bench)
        assert (list(key.scopes), list(key.effective_scopes)) == ([READ, PREDICT], [READ])
        revoked = await bench.local.keys.RevokeApiKey(key_pb2.RevokeApiKeyRequest(key_id=key.key_id))
        assert list(revoked.effective_scopes) == [READ]

    async def test_an_admin_key_that_nothing_bounds_may_do_everything(self, bench):
        made = await make_key(bench, "ops", admin=True)
        assert (list(made.scopes), list(made.effective_scopes)) == ([], ALL)
        assert made.admin
        assert made.effective_admin

    async def test_a_server_that_starts_publishes_what_is_defined(self, bench):
        await make_key(bench, "bob", ALL)
        await apply(bench.local, a_user("bob", [READ]))
        bench.replica.access.Clear()
        bench.plane.parts.publisher.publish_all()
        assert published(bench) == ([READ], False, [WRITE, PREDICT])


class TestNewKeys:
    """A new key says no more than its user's definition allows."""

    @pytest.mark.parametrize(
        ("fields", "path", "told"),
        [
            ({"scopes": [READ, WRITE, PREDICT]}, "scopes", "mlops:write, mlops:predict would be withheld"),
            ({"admin": True}, "admin", "allows mlops:read"),
        ],
    )
    async def test_more_is_refused_by_field_and_value(self, bench, failing, fields, path, told):
        await make_key(bench, "ops", admin=True)
        await apply(bench.local, a_user("bob", [READ]))
        failure = await failing(make_key(bench, "bob", **fields))
        assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "USER_BOUNDS_KEY")
        assert told in failure.fields[path]
        assert [key.user_id for key in bench.replica.access.keys] == ["ops"]

    async def test_of_a_user_who_is_shut_out_none_is_made(self, bench, failing):
        await apply(bench.local, a_user("bob"))
        failure = await failing(make_key(bench, "bob", [READ]))
        assert "allows nothing" in failure.fields["scopes"]

    async def test_a_first_key_of_a_user_who_is_no_admin_is_no_admins(self, bench, failing):
        await apply(bench.local, a_user("ops", [READ]))
        failure = await failing(make_key(bench, "ops", admin=True))
        assert failure.reason == "USER_BOUNDS_KEY"
        assert bench.replica.access.open

    async def test_one_made_at_the_database_is_an_admins_or_none(self, bench):
        await apply(bench.local, a_user("bob", [READ]), a_user("ops", admin=True))
        with pytest.raises(FailedPreconditionError, match="name another user") as caught:
            await asyncio.to_thread(create_admin_key, bench.database_url, "bob")
        assert caught.value.reason == "USER_BOUNDS_KEY"
        assert not bench.replica.access.keys
        await asyncio.to_thread(create_admin_key, bench.database_url, "ops")
        await asyncio.to_thread(bench.replica.wait_for, lambda: bool(bench.replica.access.keys))
        assert published(bench, "ops") == (ALL, True, [])


class TestTogether:
    """Users, models and routers are one change, or none."""

    async def test_one_file_set_is_one_change(self, bench):
        before = bench.replica.generation
        answer = await apply(
            bench.local, a_user("bob", [READ]), a_router(), a_model("1"), a_user("ann"), a_model("2")
        )
        assert outcomes(answer) == [CREATED] * 5
        assert [change.id for change in answer.changes] == ["bob", "cancer", "cancer/1", "ann", "cancer/2"]
        assert answer.generation == before + 1 == bench.replica.generation
        assert [user.user_id for user in await defined(bench)] == ["ann", "bob"]

    async def test_the_same_again_is_no_change_and_no_generation(self, bench):
        words = {"display_name": "Bob", "description": "é\n"}
        await apply(bench.local, a_user("bob", [PREDICT, READ], **words))
        seen, updates = await defined(bench), len(bench.replica.updates)
        bench.clock.advance_days(1)
        answer = await apply(bench.local, a_user("bob", [READ, PREDICT, READ], **words))
        assert outcomes(answer) == [UNCHANGED]
        assert (answer.generation, len(bench.replica.updates)) == (bench.replica.generation, updates)
        assert await defined(bench) == seen

    async def test_what_is_listed_applied_again_is_no_change(self, bench):
        await apply(
            bench.local,
            a_user("bob", [READ], description="x"),
            a_user("ops", admin=True, display_name="Ops"),
            a_user("ann"),
        )
        seen = await defined(bench)
        answer = await apply(bench.local, *seen)
        assert outcomes(answer) == [UNCHANGED] * 3
        assert await defined(bench) == seen

    async def test_a_field_that_is_left_out_has_its_default_and_times_go_on(self, bench):
        await apply(bench.local, a_user("bob", [READ], display_name="Bob", description="x"))
        [before] = await defined(bench)
        bench.clock.advance_days(1)
        answer = await apply(bench.local, a_user("bob", [READ]))
        assert fields_of(answer.changes[0]) == {"display_name": ("Bob", ""), "description": ("x", "")}
        [after] = await defined(bench)
        assert after.create_time == before.create_time
        assert after.update_time.seconds - before.update_time.seconds >= 86_400

    async def test_a_change_of_words_alone_publishes_no_other_rights(self, bench):
        await make_key(bench, "bob", [READ])
        await apply(bench.local, a_user("bob", [READ]))
        seen = published(bench)
        await apply(bench.local, a_user("bob", [READ], description="another"))
        assert published(bench) == seen == ([READ], False, [])

    async def test_a_change_of_routers_alone_leaves_the_key_table_alone(self, bench):
        await apply(bench.local, a_user("bob", [READ]), a_model("1"), a_model("2"), a_router())
        updates = len(bench.replica.updates)
        await apply(bench.local, a_user("bob", [READ]), a_router(description="x"))
        [update] = bench.replica.updates[updates:]
        assert not update.HasField("access")

    async def test_a_check_answers_the_changes_and_makes_none(self, bench):
        await make_key(bench, "bob", ALL)
        before = bench.replica.generation
        answer = await apply(bench.local, a_user("bob", [READ]), validate_only=True)
        assert (outcomes(answer), answer.generation) == ([CREATED], before)
        assert (await defined(bench), bench.replica.generation) == ([], before)
        assert published(bench) == (ALL, False, [])

    @pytest.mark.parametrize("fault", ["model_version", "weight"])
    async def test_a_broken_router_beside_it_changes_nothing(self, bench, failing, fault):
        await make_key(bench, "bob", ALL)
        weight = 130 if fault == "weight" else 70
        broken = a_router(variants=[a_variant("lr", "1", weight), a_variant("gb", "2", 30)])
        failure = await failing(apply(bench.local, a_user("bob", [READ]), a_model("2"), broken))
        assert any(field.startswith("definitions[2].router.variants[0]") for field in failure.fields)
        assert (await defined(bench), await all_of(bench.local)) == ([], ([], []))
        assert published(bench) == (ALL, False, [])

    async def test_faults_of_users_are_told_with_those_of_others(self, bench, failing):
        bad = a_user("no user", [0, 9])
        failure = await failing(
            apply(
                bench.local,
                bad,
                a_user("ops", [READ], admin=True),
                a_user("ann", display_name="x" * 257),
                a_user("ann"),
                a_router("b c"),
            )
        )
        assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
        assert set(failure.fields) == {
            "definitions[0].user.scopes[0]",
            "definitions[1].user.scopes",
            "definitions[2].user.display_name",
            "definitions[4].router.router_id",
        }
        twice = await failing(apply(bench.local, a_user("ann"), a_user("ann", [READ])))
        assert "is also definitions[0].user" in twice.fields["definitions[1].user.user_id"]

    async def test_nobody_but_an_admin_changes_anything_with_a_user_in_the_set(self, bench, failing):
        await make_key(bench, "alice", ALL)
        alice = bench.user("alice")
        failure = await failing(apply(alice, a_model("1"), a_user("alice", ALL)))
        assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ADMIN")
        assert list(failure.fields) == ["definitions[1].user"]
        assert (await defined(bench), await all_of(bench.local)) == ([], ([], []))


class TestTheLastAdmin:
    """No definition leaves a server without an admin key in force."""

    async def test_who_would_lock_everybody_out_is_refused_and_a_check_says_so(self, bench, failing):
        await make_key(bench, "ops", admin=True)
        ops = bench.user("ops", admin=True)
        seen = len(bench.replica.updates)
        for validate_only in (True, False):
            failure = await failing(
                apply(ops, a_user("ann"), a_user("ops", ALL), a_model("1"), validate_only=validate_only)
            )
            assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LAST_ADMIN_KEY")
            assert list(failure.fields) == ["definitions[1].user.admin"]
            assert "make an admin key of another user first" in failure.message
        assert (await defined(bench), await all_of(bench.local)) == ([], ([], []))
        assert (len(bench.replica.updates), published(bench, "ops")) == (seen, (ALL, True, []))

    async def test_of_several_all_are_named(self, bench, failing):
        await make_key(bench, "ops", admin=True)
        await make_key(bench, "sec", admin=True)
        failure = await failing(apply(bench.local, a_user("ops"), a_user("sec", [READ])))
        assert set(failure.fields) == {"definitions[0].user.admin", "definitions[1].user.admin"}
        answer = await apply(bench.local, a_user("ops"), a_user("sec", admin=True))
        assert outcomes(answer) == [CREATED, CREATED]
        assert published(bench, "ops") == ([], False, ALL)

    async def test_keys_that_have_ended_are_no_ones_last(self, bench, failing):
        spare = await make_key(bench, "ops", admin=True)
        await make_key(bench, "sec", admin=True)
        await bench.local.keys.RevokeApiKey(key_pb2.RevokeApiKeyRequest(key_id=spare.key_id))
        assert (await failing(apply(bench.local, a_user("sec", ALL)))).reason == "LAST_ADMIN_KEY"
        assert outcomes(await apply(bench.local, a_user("ops"))) == [CREATED]

    async def test_while_no_key_exists_there_is_none_to_lose(self, bench):
        answer = await apply(bench.local, a_user("local"), a_user("ops", [READ]))
        assert outcomes(answer) == [CREATED, CREATED]
        assert bench.replica.access.open


class TestReading:
    """Definitions are for admins to see."""

    async def test_pages_go_by_id(self, bench):
        await apply(bench.local, *[a_user(f"u{number}") for number in (3, 1, 2)])
        first = await bench.local.keys.ListUsers(key_pb2.ListUsersRequest(page_size=2))
        rest = await bench.local.keys.ListUsers(
            key_pb2.ListUsersRequest(page_size=2, page_token=first.next_page_token)
        )
        assert [user.user_id for user in (*first.users, *rest.users)] == ["u1", "u2", "u3"]
        assert rest.next_page_token == ""

    async def test_one_is_read_by_its_id(self, bench, failing):
        await apply(bench.local, a_user("ann@example.com", [READ], display_name="Ann"))
        request = key_pb2.GetUserRequest(user_id="ann@example.com")
        found = await bench.local.keys.GetUser(request)
        assert (found.display_name, list(found.scopes), found.admin) == ("Ann", [READ], False)
        missing = await failing(bench.local.keys.GetUser(key_pb2.GetUserRequest(user_id="bob")))
        assert (missing.code, missing.reason) == (grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")
        wrong = await failing(bench.local.keys.GetUser(key_pb2.GetUserRequest(user_id="a b")))
        assert list(wrong.fields) == ["user_id"]

    async def test_others_are_denied_whether_a_user_is_defined_or_not(self, bench, failing):
        await apply(bench.local, a_user("alice", ALL))
        alice = bench.user("alice")
        for user_id in ("alice", "nobody"):
            failure = await failing(alice.keys.GetUser(key_pb2.GetUserRequest(user_id=user_id)))
            assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ADMIN")
        assert (await failing(alice.keys.ListUsers(key_pb2.ListUsersRequest()))).reason == "NOT_ADMIN"


class TestDeleting:
    """A definition goes; nothing is widened that nobody said."""

    async def test_keys_that_would_do_more_are_named_and_nothing_changes(self, bench, failing):
        key = await make_key(bench, "bob", [READ, PREDICT])
        await apply(bench.local, a_user("bob", [READ]))
        failure = await failing(bench.local.keys.DeleteUser(key_pb2.DeleteUserRequest(user_id="bob")))
        assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "KEYS_WOULD_WIDEN")
        assert f"{key.key_id} may do mlops:read, mlops:predict then, now mlops:read" in failure.message
        assert published(bench) == ([READ], False, [PREDICT])

    async def test_said_so_they_do_more_at_once(self, bench):
        key = await make_key(bench, "bob", [READ, PREDICT])
        await apply(bench.local, a_user("bob", [READ]))
        request = key_pb2.DeleteUserRequest(user_id="bob", widen_keys=True)
        answer = await bench.local.keys.DeleteUser(request)
        [widened] = answer.widened_keys
        assert (widened.key_id, list(widened.effective_scopes)) == (key.key_id, [READ, PREDICT])
        assert published(bench) == ([READ, PREDICT], False, [])
        assert await defined(bench) == []

    async def test_one_that_withholds_nothing_of_a_key_in_force_goes_without_a_word(self, bench, failing):
        await make_key(bench, "bob", [READ])
        ended = await make_key(bench, "bob", ALL)
        await bench.local.keys.RevokeApiKey(key_pb2.RevokeApiKeyRequest(key_id=ended.key_id))
        await apply(bench.local, a_user("bob", [READ]))
        answer = await bench.local.keys.DeleteUser(key_pb2.DeleteUserRequest(user_id="bob"))
        assert not answer.widened_keys
        again = await failing(bench.local.keys.DeleteUser(key_pb2.DeleteUserRequest(user_id="bob")))
        assert again.reason == "USER_NOT_FOUND"


async def test_another_server_has_the_rights_within_its_next_look(east, west):
    await east.local.keys.CreateApiKey(key_pb2.CreateApiKeyRequest(user_id="bob", scopes=ALL))
    await in_step(east, west)
    for scopes in ([READ], [], ALL):
        await apply(east.local, a_user("bob", scopes))
        await in_step(east, west)
        assert published(west) == published(east)
        assert published(west)[0] == scopes


async def test_what_is_stored_is_what_is_published(bench):
    """Hot path and lists agree, whatever the order in which keys and definitions came."""
    await make_key(bench, "root", admin=True)
    await apply(bench.local, a_user("b", [READ]), a_user("c"))
    await make_key(bench, "a", [READ, WRITE])
    await make_key(bench, "b", [READ])
    await apply(
        bench.local, a_user("a", [WRITE, PREDICT]), a_user("b", [PREDICT]), a_user("root", admin=True)
    )
    database = Database(bench.database_url)
    with database.read() as connection:
        good = users.good_keys(connection, bench.clock())
        stored = {bound.key.key_id: (set(bound.rights.scopes), bound.rights.admin) for bound in good}
        assert generations.current(connection).value == bench.replica.generation
    database.close()
    listed = (await bench.local.keys.ListApiKeys(key_pb2.ListApiKeysRequest())).api_keys
    words = {READ: "mlops:read", WRITE: "mlops:write", PREDICT: "mlops:predict"}
    assert stored == {
        key.key_id: ({words[scope] for scope in key.scopes}, key.admin) for key in bench.replica.access.keys
    }
    assert stored == {
        key.key_id: ({words[scope] for scope in key.effective_scopes}, key.effective_admin) for key in listed
    }
    assert {key.user_id: len(key.effective_scopes) for key in listed} == {"root": 3, "a": 1, "b": 0}
