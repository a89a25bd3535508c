"""Commands about users of keys, and what lists of keys say of them."""

import json
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import key_pb2

READ, WRITE, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT
BOB = key_pb2.User(user_id="bob", scopes=[READ, PREDICT], display_name="Bob")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def run(server: Any, *arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(app, [*arguments, "--server", server.address], **options)


def listing(*users: key_pb2.User) -> key_pb2.ListUsersResponse:
    return key_pb2.ListUsersResponse(users=users)


def cells(text: str) -> list[list[str]]:
    return [[cell for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_users_are_listed_with_what_their_keys_may_do_at_most(server: Any) -> None:
    shut_out = key_pb2.User(user_id="carol")
    ops = key_pb2.User(user_id="ops", admin=True, description="On call")
    server.on("ApiKeyService/ListUsers", listing(BOB, shut_out, ops))
    shown = run(server, "users", "list").stdout
    assert [[cell.strip() for cell in row] for row in cells(shown)] == [
        ["USER", "KEYS MAY AT MOST", "NAME"],
        ["bob", "read, predict", "Bob"],
        ["carol", "nothing"],
        ["ops", "everything"],
    ]
    assert max(map(len, shown.splitlines())) <= 80
    assert "On call" in run(server, "users", "list", "--wide").stdout
    facts = json.loads(run(server, "users", "list", "-o", "json").stdout)
    assert [(user["user_id"], user["scopes"], user["admin"]) for user in facts] == [
        ("bob", ["mlops:read", "mlops:predict"], False),
        ("carol", [], False),
        ("ops", [], True),
    ]


def test_where_nobody_is_defined_the_way_to_it_is_said(server: Any) -> None:
    server.on("ApiKeyService/ListUsers", listing())
    result = run(server, "users", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "every key may do what it says" in result.stderr
    assert "kind: User" in result.stderr
    assert json.loads(run(server, "users", "list", "-o", "json").stdout) == []


def test_one_is_shown_by_itself(server: Any) -> None:
    server.on("ApiKeyService/GetUser", BOB)
    shown = run(server, "users", "get", "bob").stdout
    assert [line.split(":")[0] for line in shown.splitlines()] == ["user", "name", "keys may at most"]
    assert shown.endswith("read, predict\n")
    assert server.asked("ApiKeyService/GetUser")[0].user_id == "bob"
    assert json.loads(run(server, "users", "get", "bob", "-o", "json").stdout)["display_name"] == "Bob"


def test_who_is_not_defined_is_an_error_that_names_the_command(server: Any, refusal: Any) -> None:
    told = refusal(grpc.StatusCode.NOT_FOUND, "user 'bob' is not defined; ListUsers shows those that are")
    server.on("ApiKeyService/GetUser", told)
    result = run(server, "users", "get", "bob")
    assert result.exit_code == 1
    assert "'pointsman users list' shows those that are" in result.stderr


class TestDeleting:
    """Keys do more only where somebody says so."""

    WIDENED = key_pb2.DeleteUserResponse(
        widened_keys=[key_pb2.ApiKey(key_id="k1", user_id="bob", effective_scopes=[READ, WRITE])]
    )

    @pytest.fixture
    def refused(self, server: Any, refusal: Any) -> Any:
        told = refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            "without the definition of user 'bob' its keys may do more: k1 may do mlops:read, mlops:write "
            "then, now mlops:read; revoke them first, or set widen_keys",
            "KEYS_WOULD_WIDEN",
        )
        server.on("ApiKeyService/DeleteUser", told, self.WIDENED)
        return server

    def test_a_definition_that_withholds_nothing_goes_at_once(self, server: Any) -> None:
        server.on("ApiKeyService/DeleteUser", key_pb2.DeleteUserResponse())
        assert run(server, "users", "delete", "bob").stdout == "bob is not defined any more\n"
        [asked] = server.asked("ApiKeyService/DeleteUser")
        assert (asked.user_id, asked.widen_keys) == ("bob", False)

    def test_what_keys_would_do_is_asked_first_and_told_afterwards(self, refused: Any) -> None:
        result = run(refused, "users", "delete", "bob", input="y\n")
        assert "k1 may do mlops:read, mlops:write then, now mlops:read. Delete it?" in result.stderr
        assert "widen_keys" not in result.stderr
        assert "bob is not defined any more\nkey k1 may do read, write now\n" in result.stdout
        assert [one.widen_keys for one in refused.asked("ApiKeyService/DeleteUser")] == [False, True]

    @pytest.mark.parametrize(("answer", "told"), [("n\n", ""), ("", "--yes goes on without asking")])
    def test_nothing_goes_when_nobody_agrees(self, refused: Any, answer: str, told: str) -> None:
        result = run(refused, "users", "delete", "bob", input=answer)
        assert result.exit_code == 1
        assert told in result.stderr
        assert [one.widen_keys for one in refused.asked("ApiKeyService/DeleteUser")] == [False]

    def test_yes_says_so_beforehand(self, server: Any) -> None:
        server.on("ApiKeyService/DeleteUser", self.WIDENED)
        shown = json.loads(run(server, "users", "delete", "bob", "--yes", "-o", "json").stdout)
        assert (shown["user_id"], [key["key_id"] for key in shown["widened_keys"]]) == ("bob", ["k1"])
        assert [one.widen_keys for one in server.asked("ApiKeyService/DeleteUser")] == [True]


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({"scopes": [READ, WRITE], "effective_scopes": [READ, WRITE]}, "read, write"),
        ({"scopes": [READ, WRITE], "effective_scopes": [READ]}, "read (of read, write)"),
        ({"scopes": [READ], "effective_scopes": []}, "nothing (of read)"),
        ({"admin": True, "effective_scopes": [READ, PREDICT]}, "read, predict (of everything)"),
        (
            {"admin": True, "effective_admin": True, "effective_scopes": [READ, WRITE, PREDICT]},
            "everything",
        ),
    ],
)
def test_a_key_is_listed_with_what_it_says_and_what_its_user_leaves_of_it(
    server: Any, fields: dict[str, Any], may: str
) -> None:
    key = key_pb2.ApiKey(key_id="abcdefgh", user_id="bob", **fields)
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse(api_keys=[key]))
    shown = run(server, "keys", "list").stdout
    assert [cell.strip() for cell in cells(shown)[1]] == ["abcdefgh", "bob", may, "in force"]
    assert max(map(len, shown.splitlines())) <= 80
    [facts] = json.loads(run(server, "keys", "list", "-o", "json").stdout)
    assert facts["effective_admin"] is fields.get("effective_admin", False)
    assert len(facts["effective_scopes"]) == len(fields["effective_scopes"])
