"""What an id says without being verified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.records.prediction_ids import time_us_of
from stage.lake import prediction_id
from stage.prediction_ids import signed_id


@given(st.integers(0, 2**47 * 1000), st.integers(0, 2**62), st.text("abc-._", min_size=1, max_size=128))
def test_the_time_is_exact_to_the_microsecond(time_us, number, router_id):
    assert time_us_of(prediction_id(time_us, number, router_id)) == time_us


@given(st.integers(0, 2**47 * 1000), st.integers(0, 2**64 - 1), st.integers(1, 128))
def test_the_time_is_read_whether_or_not_the_incarnation_is_said(time_us, incarnation, length):
    name = "a" * length
    made = signed_id(bytes(32), 0, name, name, time_us=time_us, incarnation=incarnation, epoch=2**64 - 1)
    assert time_us_of(made) == time_us


@given(st.text() | st.text("AQIDabc-_=", max_size=500))
def test_any_text_is_read_or_is_none_of_ours(text):
    assert time_us_of(text) is None or isinstance(time_us_of(text), int)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "AQAB",
        "é" * 60,
        "A" * 10_000,
        "Ag" + "A" * 40,
        "Aw" + signed_id(bytes(32), 0, "r", "v", time_us=1)[2:],
    ],
)
def test_what_is_no_id_has_no_time(text):
    assert time_us_of(text) is None
