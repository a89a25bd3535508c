"""Users of keys, as the client asks for them and brings them."""

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from pointsman.client import ApiKey, AsyncClient, Client, PermissionDeniedError, Scope, User
from pointsman.client._definitions import apply_call
from pointsman.v1 import key_pb2, model_pb2, router_pb2

READ, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_PREDICT
MADE = datetime(2026, 11, 30, 12, tzinfo=UTC)


def a_user(user_id: str = "bob", **fields: Any) -> key_pb2.User:
    message = key_pb2.User(user_id=user_id, scopes=[READ, PREDICT], display_name="Bob", **fields)
    message.create_time.FromDatetime(MADE)
    return message


def pages(*answers: tuple[str, str]) -> list[key_pb2.ListUsersResponse]:
    return [
        key_pb2.ListUsersResponse(users=[key_pb2.User(user_id=user_id)], next_page_token=token)
        for user_id, token in answers
    ]


def test_a_user_is_read_as_plain_values(server: Any) -> None:
    server.on("ApiKeyService/GetUser", a_user())
    with Client(server.address) as client:
        read = client.users.get("bob")
    scopes = (Scope.MLOPS_READ, Scope.MLOPS_PREDICT)
    assert read == User("bob", scopes, display_name="Bob", create_time=MADE)


async def test_users_are_listed_page_by_page(server: Any) -> None:
    server.on("ApiKeyService/ListUsers", *pages(("a", "more"), ("b", "")))
    async with AsyncClient(server.address) as client:
        assert [user.user_id async for user in client.users.list(page_size=1)] == ["a", "b"]
    asked = [(one.page_size, one.page_token) for one in server.asked("ApiKeyService/ListUsers")]
    assert asked == [(1, ""), (1, "more")]


def test_a_deletion_widens_keys_only_where_it_is_said(server: Any) -> None:
    widened = key_pb2.ApiKey(key_id="k", user_id="bob", scopes=[READ], effective_scopes=[READ])
    server.on("ApiKeyService/DeleteUser", key_pb2.DeleteUserResponse(widened_keys=[widened]))
    with Client(server.address) as client:
        client.users.delete("bob")
        [key] = client.users.delete("bob", widen_keys=True)
    assert (key.key_id, list(key.effective_scopes), key.is_narrowed) == ("k", [Scope.MLOPS_READ], False)
    asked = [(one.user_id, one.widen_keys) for one in server.asked("ApiKeyService/DeleteUser")]
    assert asked == [("bob", False), ("bob", True)]


@pytest.mark.parametrize(
    ("says", "may", "narrowed"),
    [
        (([], True), (list(Scope)[1:], True), False),
        (([], True), ([Scope.MLOPS_READ], False), True),
        (([Scope.MLOPS_READ], False), ([Scope.MLOPS_READ], False), False),
        (([Scope.MLOPS_READ], False), ([], False), True),
    ],
)
def test_a_key_says_whether_its_user_narrows_it(says: Any, may: Any, narrowed: bool) -> None:
    key = ApiKey("k", "bob", says[0], says[1], "", None, None, None, may[0], may[1])
    assert key.is_narrowed is narrowed


def test_a_user_goes_into_a_definition_of_its_own() -> None:
    users = [User("bob", [Scope.MLOPS_READ]), User("ops", admin=True), User("carol")]
    call = apply_call(users, validate_only=False, expected_generation=None)
    sent: Any = call.request
    assert [one.WhichOneof("object") for one in sent.definitions] == ["user"] * 3
    assert [one.user for one in sent.definitions] == [
        key_pb2.User(user_id="bob", scopes=[READ]),
        key_pb2.User(user_id="ops", admin=True),
        key_pb2.User(user_id="carol"),
    ]


class TestMessages:
    """What is there, for an export."""

    @pytest.fixture(autouse=True)
    def _objects(self, server: Any) -> None:
        version = model_pb2.ModelVersion(model_id="m", version="1")
        server.on(
            "ModelService/ListModelVersions", model_pb2.ListModelVersionsResponse(model_versions=[version])
        )
        router = router_pb2.Router(router_id="r")
        server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse(routers=[router]))

    def test_users_are_among_it(self, server: Any) -> None:
        server.on("ApiKeyService/ListUsers", *pages(("a", "more"), ("b", "")))
        with Client(server.address) as client:
            found = [message.DESCRIPTOR.name for message in client.definitions.messages()]
        assert found == ["ModelVersion", "Router", "User", "User"]

    def test_who_is_no_admin_gets_the_rest(self, server: Any, refusal: Any) -> None:
        told = refusal(grpc.StatusCode.PERMISSION_DENIED, "only admins", "NOT_ADMIN")
        server.on("ApiKeyService/ListUsers", told)
        with Client(server.address) as client:
            found = [message.DESCRIPTOR.name for message in client.definitions.messages()]
        assert found == ["ModelVersion", "Router"]

    def test_another_refusal_is_none_to_pass_over(self, server: Any, refusal: Any) -> None:
        told = refusal(grpc.StatusCode.PERMISSION_DENIED, "needs a key", "SCOPE_MISSING")
        server.on("ApiKeyService/ListUsers", told)
        with Client(server.address) as client, pytest.raises(PermissionDeniedError, match="needs a key"):
            list(client.definitions.messages())


def test_what_is_no_object_of_definitions_is_refused_by_its_place() -> None:
    objects: Any = [User("bob"), "bob"]
    with pytest.raises(TypeError, match=r"^objects\[1\]: is of type str; it is a ModelVersion, a Router, "):
        apply_call(objects, validate_only=True, expected_generation=None)
