"""What a header says of a body, however it is written."""

import pytest

from pointsman.rest.content_types import ContentType, read_content_type


@pytest.mark.parametrize(
    "value",
    [
        "application/json; x*=a; x*0=b",
        "application/json; charset*=%00''utf-8",
        "application/json; charset*=undefined''utf-8",
        "application/json; charset*=idna''%FF",
        "application/json; " + "x" * 1_000,
    ],
)
def test_what_cannot_be_read_is_as_none(value: str) -> None:
    assert read_content_type(value) == ContentType("", {})


@pytest.mark.parametrize(
    ("value", "is_utf8"),
    [
        ("text/csv; charset=utf-8; header=present", True),
        ("text/csv; header=present; Charset=UTF-8", True),
        ('text/csv;charset="utf8"', True),
        ("text/csv", True),
        ("text/csv; Charset=latin-1", False),
        ("text/csv; charset=utf-8; charset=latin-1", False),
    ],
)
def test_a_charset_counts_wherever_and_however_it_stands(value: str, is_utf8: bool) -> None:
    found = read_content_type(value)
    assert (found.media_type, found.is_utf8) == ("text/csv", is_utf8)
