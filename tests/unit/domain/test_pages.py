"""Page tokens."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.pages import decode_token, encode_token, page_size
from pointsman.errors import InvalidArgumentError

INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)
NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=128)


@given(NAMES, INTEGERS, st.lists(NAMES, max_size=4))
def test_a_token_gives_back_what_it_was_made_of(name, number, filters):
    token = encode_token((name, number), filters)
    assert token.isascii()
    assert decode_token(token, filters, (str, int)) == (name, number)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_token_is_refused_and_never_crashes(token):
    if not token:
        assert decode_token(token, (), (str,)) is None
        return
    with pytest.raises(InvalidArgumentError, match="page_token"):
        decode_token(token, ("secret filter",), (str,))


@given(INTEGERS, st.sampled_from([(str,), (int, int), (str, int), ()]))
def test_a_token_of_another_list_is_refused(number, kinds):
    with pytest.raises(InvalidArgumentError):
        decode_token(encode_token((number,), ()), (), kinds)


@given(st.sampled_from([2**63, -(2**63) - 1, 10**400]))
def test_numbers_beyond_the_database_are_refused(number):
    with pytest.raises(InvalidArgumentError):
        decode_token(encode_token((number,), ()), (), (int,))


def test_other_filters_are_said():
    with pytest.raises(InvalidArgumentError, match="other filters"):
        decode_token(encode_token((1,), ("a",)), ("b",), (int,))


@given(st.integers())
def test_page_sizes(asked):
    if 0 <= asked <= 1000:
        assert page_size(asked) == (asked or 100)
    else:
        with pytest.raises(InvalidArgumentError, match=f"page_size: {asked} "):
            page_size(asked)


@given(st.sets(st.integers(0, 50)), st.integers(1, 7), st.data())
def test_walking_pages_while_items_come_and_go_sees_all_that_stayed_once(items, size, data):
    present, steady, seen, token = set(items), set(items), [], ""
    while True:
        after = decode_token(token, (), (int,))
        rest = sorted(item for item in present if after is None or item > after[0])
        page = rest[:size]
        seen += page
        if len(rest) <= size:
            break
        token = encode_token((page[-1],), ())
        present |= data.draw(st.sets(st.integers(0, 50), max_size=3))
        gone = data.draw(st.sets(st.integers(0, 50), max_size=3))
        present -= gone
        steady -= gone
    assert len(seen) == len(set(seen))
    assert steady <= set(seen)
