"""Documents of users: nothing that their keys may do is left to be guessed."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.control.convert.users import user_to
from pointsman.control.definitions.checks import WantedUser, check_definitions
from pointsman.definitions.files import FileSet, read_files
from pointsman.definitions.json_tree import read_json
from pointsman.definitions.plain import document_of, wish_of
from pointsman.definitions.reading import read_document
from pointsman.definitions.shapes import kinds
from pointsman.definitions.writing import write_json, write_yaml
from pointsman.definitions.yaml_tree import read_yaml
from pointsman.domain.keys import Scope
from pointsman.domain.users import User
from pointsman.v1 import key_pb2

HEAD = "apiVersion: pointsman/v1\nkind: User\nuser_id: bob\n"
READ, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_PREDICT


def read(folder: Path, text: str, name: str = "users.yaml") -> FileSet:
    (folder / name).write_text(text)
    return read_files([str(folder / name)])


def exported(*users: key_pb2.User) -> list[dict[str, Any]]:
    return [document_of(kinds()["User"], wish_of(user)) for user in users]


def test_scopes_are_spelled_as_everywhere(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + "scopes: [mlops:predict, mlops:read]\n")
    assert not found.faults
    assert found.documents[0].definition.user == key_pb2.User(user_id="bob", scopes=[PREDICT, READ])


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("", "1:1: scopes: is missing; say what the user's keys may do at most"),
        ("admin: false\n", "1:1: scopes: is missing"),
        (
            "scopes: [mlops:reed]\n",
            "4:10: scopes[0]: 'mlops:reed' is none of mlops:read, mlops:write, mlops:predict; did you mean",
        ),
        ("scopes: mlops:read\n", "4:9: scopes: is 'mlops:read'; it takes a list"),
        ("scopes: []\nadmin: yes\n", "5:8: admin: 'yes' is neither true nor false"),
        ("scopes: []\nkeys: []\n", "5:1: keys: there is no such field"),
        ("scopes: []\ncreate_time: x\n", "5:1: create_time: is set by the server; leave it out"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, rest: str, fault: str) -> None:
    [found] = read(tmp_path, HEAD + rest).faults
    assert str(found).startswith(f"{tmp_path / 'users.yaml'}:{fault}")


@pytest.mark.parametrize("rest", ["scopes: []\n", "admin: true\n", "admin: true\nscopes: []\n"])
def test_nothing_and_everything_are_said_in_words(tmp_path: Path, rest: str) -> None:
    found = read(tmp_path, HEAD + rest)
    assert not found.faults
    user = found.documents[0].definition.user
    assert (list(user.scopes), user.admin) == ([], "admin" in rest)


def test_what_is_exported_reads_as_what_it_was_and_states_what_keys_may_do(tmp_path: Path) -> None:
    users = [
        key_pb2.User(user_id="ann@example.com", scopes=[READ], description="“yes”\n# no comment"),
        key_pb2.User(user_id="shut-out", display_name="no"),
        key_pb2.User(user_id="ops", admin=True),
    ]
    for name, write in (("all.yaml", write_yaml), ("all.json", write_json)):
        found = read(tmp_path, write(exported(*users)), name)
        assert not found.faults
        assert [document.definition.user for document in found.documents] == users
    stated = [set(document) - {"apiVersion", "kind", "user_id"} for document in exported(*users)]
    assert stated == [{"scopes", "description"}, {"scopes", "display_name"}, {"admin"}]


IDS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._@+-]{0,20}\Z") | st.sampled_from(["no", "1.10", "010"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
SCOPES = st.frozensets(st.sampled_from(Scope))
ADMIN = st.just(frozenset[Scope]())
BOUNDS = st.tuples(SCOPES, st.just(False)) | st.tuples(ADMIN, st.just(True))


@given(IDS, BOUNDS, TEXTS, TEXTS)
def test_whatever_is_defined_is_exported_and_wanted_as_it_is(
    user_id: str, bound: tuple[frozenset[Scope], bool], display_name: str, description: str
) -> None:
    user = User(user_id, *bound, display_name, description)
    document = document_of(kinds()["User"], wish_of(user_to(user)))
    for trees in (read_yaml("f", write_yaml([document])), read_json("f", write_json([document]))):
        [read_back] = [read_document(tree) for tree in trees]
        assert not read_back.faults
        [wanted], objections = check_definitions([read_back.definition], lambda _: "")
        assert not objections.errors
        assert wanted == WantedUser("definitions[0].user", user)
