"""What a key may do: what it says and what the definition of its user says, never more than either."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.keys import ApiKey, Principal, Rights, Scope
from pointsman.domain.users import BoundKey, User, check_bound, check_defines, check_user
from pointsman.errors import FailedPreconditionError, InvalidArgumentError, PermissionDeniedError

SCOPES = st.frozensets(st.sampled_from(Scope))
RIGHTS = st.builds(Rights, SCOPES, st.booleans())
KEYS = st.builds(lambda scopes, admin: a_key(scopes=scopes, admin=admin), SCOPES, st.booleans())
USERS = st.builds(User, st.just("ann"), SCOPES, st.booleans())
EVERYTHING = Rights(frozenset(), admin=True)
NOTHING = Rights(frozenset())


def a_key(**fields: Any) -> ApiKey:
    return ApiKey(**({"key_id": "k", "secret_sha256": b"", "user_id": "ann", "scopes": frozenset()} | fields))


def may(rights: Rights, scope: Scope) -> bool:
    """Whether a call is let in, as control plane and data plane decide it."""
    return Principal("ann", rights.scopes, rights.admin).has(scope)


@given(RIGHTS, RIGHTS)
def test_rights_within_others_are_those_that_both_have(one: Rights, other: Rights) -> None:
    both = one.within(other)
    assert all(may(both, scope) == (may(one, scope) and may(other, scope)) for scope in Scope)
    assert both.admin == (one.admin and other.admin)


@given(RIGHTS, RIGHTS, RIGHTS)
def test_the_order_of_bounds_makes_no_difference_and_a_second_time_neither(
    one: Rights, other: Rights, third: Rights
) -> None:
    assert one.within(other) == other.within(one)
    assert one.within(other).within(third) == one.within(other.within(third))
    assert one.within(one) == one
    assert one.within(other).within(other) == one.within(other)
    assert one.within(EVERYTHING) == one
    assert one.within(NOTHING) == NOTHING


@given(KEYS, USERS)
def test_a_key_may_do_no_more_than_it_says_and_no_more_than_its_user(key: ApiKey, user: User) -> None:
    bound = BoundKey(key, user)
    for scope in Scope:
        assert may(bound.rights, scope) == (may(key.rights, scope) and may(user.rights, scope))
    assert bound.rights.admin <= (key.admin and user.admin)
    assert bound.withheld == key.rights.scopes - bound.rights.scopes
    assert bound.is_narrowed == (bound.rights != key.rights)


@given(KEYS)
def test_a_user_that_is_not_defined_bounds_nothing(key: ApiKey) -> None:
    bound = BoundKey(key)
    assert (bound.rights, bound.withheld, bound.is_narrowed) == (key.rights, frozenset(), False)


@given(KEYS)
def test_a_user_without_scopes_shuts_all_keys_out(key: ApiKey) -> None:
    assert BoundKey(key, User("ann")).rights == NOTHING


def test_an_admin_key_of_a_user_who_is_none_has_the_users_scopes() -> None:
    bound = BoundKey(a_key(admin=True), User("ann", frozenset({Scope.READ})))
    assert bound.rights == Rights(frozenset({Scope.READ}))
    assert bound.withheld == {Scope.WRITE, Scope.PREDICT}


@given(RIGHTS, USERS)
def test_a_new_key_is_refused_exactly_when_something_would_be_withheld(wanted: Rights, user: User) -> None:
    if wanted.within(user.rights) == wanted:
        check_bound(user, wanted)
        return
    with pytest.raises(FailedPreconditionError) as caught:
        check_bound(user, wanted)
    [field] = caught.value.fields
    assert field.field == ("admin" if wanted.admin else "scopes")
    assert caught.value.reason == "USER_BOUNDS_KEY"
    for scope in wanted.scopes - user.rights.scopes if not wanted.admin else ():
        assert scope in field.description


def test_a_key_of_a_user_that_is_not_defined_may_say_everything() -> None:
    check_bound(None, EVERYTHING)


@pytest.mark.parametrize(
    ("user", "path"),
    [
        (User(""), "u.user_id"),
        (User("no user"), "u.user_id"),
        (User("ann", display_name="x" * 257), "u.display_name"),
        (User("ann", description="x" * 4097), "u.description"),
        (User("ann", description="\x00"), "u.description"),
        (User("ann", frozenset({Scope.READ}), admin=True), "u.scopes"),
    ],
)
def test_a_wrong_definition_is_refused_by_the_field(user: User, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_user(user, "u")
    assert [field.field for field in caught.value.fields] == [path]


def test_only_admins_define() -> None:
    check_defines(Principal("ops", frozenset(), admin=True), "x")
    with pytest.raises(PermissionDeniedError, match="only admins") as caught:
        check_defines(Principal("ann", frozenset(Scope)), "x")
    assert caught.value.reason == "NOT_ADMIN"
