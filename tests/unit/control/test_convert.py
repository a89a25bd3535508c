"""Messages and the domain."""

import math

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from pointsman.control.convert.enums import ROUTER_STATUS, SCOPE, STAGE
from pointsman.control.convert.times import (
    bound_us_of,
    duration_of_ns,
    microseconds_of,
    nanoseconds_of,
    positive_milliseconds_of,
    timestamp_of,
)
from pointsman.control.convert.values import plain, value_of
from pointsman.domain.routers import RouterStatus
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import router_pb2

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_values_go_there_and_back(value):
    assert plain(value_of(value)) == value


@given(st.integers(2**53, 2**64), st.sampled_from([1, -1]))
def test_whole_numbers_that_a_double_may_round_are_text(size, sign):
    number = sign * size
    assert plain(value_of([number])) == [str(number)]


@pytest.mark.parametrize(
    ("number", "told"),
    [(math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, None), (2.0**60, 2.0**60)],
)
def test_floats_that_are_no_json_numbers_are_told_as_predictions_are(number, told):
    assert plain(value_of(number)) == told


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_times_go_there_and_back(time_us):
    timestamp = timestamp_of(time_us)
    assert 0 <= timestamp.nanos < 1_000_000_000
    assert microseconds_of(timestamp, "t") == time_us


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**31), 2**31 - 1))
def test_any_timestamp_is_read_or_refused(seconds, nanos):
    timestamp = Timestamp(seconds=seconds, nanos=nanos)
    if -62_135_596_800 <= seconds <= 253_402_300_799 and 0 <= nanos < 10**9:
        assert microseconds_of(timestamp, "t") == seconds * 10**6 + nanos // 1000
    else:
        with pytest.raises(InvalidArgumentError, match=r"^t: "):
            microseconds_of(timestamp, "t")


@given(st.integers(0, 10**18), st.integers(-2, 2))
def test_a_window_compares_times_of_records_with_its_ends_exactly(bound_ns, offset):
    """A record has whole microseconds; it is inside when its time, in nanoseconds, is."""
    bound_us = bound_us_of(Timestamp(seconds=bound_ns // 10**9, nanos=bound_ns % 10**9), "t")
    record_us = bound_ns // 1000 + offset
    assert (record_us >= bound_us) is (record_us * 1000 >= bound_ns), "as a start"
    assert (record_us < bound_us) is (record_us * 1000 < bound_ns), "as an end, which is excluded"


@given(st.integers(0, 10**18))
def test_durations_go_there_and_back(nanoseconds):
    assert nanoseconds_of(duration_of_ns(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("seconds", "nanos", "milliseconds"), [(1, 0, 1000), (0, 1, 1), (0, 1_000_001, 2), (2, 500_000_000, 2500)]
)
def test_a_short_timeout_is_rounded_up_never_to_none(seconds, nanos, milliseconds):
    assert positive_milliseconds_of(Duration(seconds=seconds, nanos=nanos), "t") == milliseconds


def test_enumerations_map_both_ways_and_refuse_the_unknown():
    for status in RouterStatus:
        number = ROUTER_STATUS.number(status)
        assert router_pb2.RouterStatus.Name(number) == f"ROUTER_STATUS_{status.name}"
        assert ROUTER_STATUS.word(number, "status") is status
    assert STAGE.word(0, "stage") is None
    with pytest.raises(InvalidArgumentError, match=r"scope: 9 is none of SCOPE_MLOPS_READ, "):
        SCOPE.word(9, "scope")
