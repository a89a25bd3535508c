"""How messages are JSON, and JSON is messages."""

import json
import math
from typing import Any

import pytest
from google.protobuf import duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.bodies import parse_json
from pointsman.rest.transcoding.reading import read_message
from pointsman.rest.transcoding.writing import write_message
from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2


def read(value: Any, message: Any) -> Any:
    read_message(value, message)
    return message


def refused(value: Any, message: Any) -> FieldError:
    with pytest.raises(FieldError) as caught:
        read_message(value, message)
    return caught.value


# --- names -----------------------------------------------------------------------------------------------


def test_fields_go_by_both_of_their_names_and_are_written_by_that_of_json() -> None:
    by_json = read({"routerId": "a", "displayName": "A"}, router_pb2.Router())
    by_proto = read({"router_id": "a", "display_name": "A"}, router_pb2.Router())
    assert by_json == by_proto
    assert write_message(by_json)["displayName"] == "A"


def test_an_unknown_field_is_refused_with_its_path_and_the_names_there_are() -> None:
    error = refused({"variants": [{}, {"wieght": 1}]}, router_pb2.Router())
    assert error.violation.field == "variants[1].wieght"
    assert "weight" in error.violation.description


def test_a_field_is_not_stated_under_both_names() -> None:
    error = refused({"routerId": "a", "router_id": "b"}, router_pb2.Router())
    assert (error.violation.field, "twice" in error.violation.description) == ("router_id", True)


def test_of_several_choices_one_is_stated() -> None:
    error = refused({"canary": {"percent": 1}, "featureRules": {}}, router_pb2.Router())
    assert error.violation.field == "featureRules"
    assert "canary" in error.violation.description


# --- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "written"), [(0, 0), (2**53 - 1, 2**53 - 1), (2**53, str(2**53))])
def test_whole_numbers_are_numbers_as_long_as_every_reader_holds_them(number: int, written: Any) -> None:
    message = router_pb2.RouterMetrics(generation=number)
    shown = write_message(message)["generation"]
    assert (shown, type(shown)) == (written, type(written))
    assert read({"generation": shown}, router_pb2.RouterMetrics()) == message


@pytest.mark.parametrize("value", [2**53, -(2**53), 1.5, True, "1.5", "x", "", [1], {}, "9" * 30, 10**400])
def test_what_may_be_another_whole_number_is_refused(value: Any) -> None:
    error = refused({"feedbackCount": value}, router_pb2.EraseEntityResponse())
    assert error.violation.field == "feedbackCount"


@pytest.mark.parametrize(("value", "fits"), [(2**31 - 1, True), (2**31, False), (-(2**31) - 1, False)])
def test_integers_of_32_bits_have_their_range(value: int, fits: bool) -> None:
    if fits:
        assert read({"pageSize": value}, router_pb2.ListRoutersRequest()).page_size == value
    else:
        assert "out of range" in str(refused({"pageSize": value}, router_pb2.ListRoutersRequest()))


def test_numbers_with_a_fraction_of_zero_are_whole() -> None:
    assert read({"pageSize": 3.0}, router_pb2.ListRoutersRequest()).page_size == 3
    assert json.dumps(write_message(router_pb2.Variant(weight=70))["weight"]) == "70"
    assert json.dumps(write_message(router_pb2.Variant(weight=0.1))["weight"]) == "0.1"
    assert math.copysign(1, write_message(router_pb2.Variant(weight=-0.0))["weight"]) == -1


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_has_not_are_text_both_ways(text: str) -> None:
    message = read({"weight": text}, router_pb2.Variant())
    assert str(message.weight) == str(float(text))
    assert write_message(message)["weight"] == text
    with pytest.raises(FieldError, match=f"{text} is no JSON") as caught:
        parse_json(f'{{"id": 1, "rows": [[0.5], [1, {text}, {text}]]}}'.encode())
    assert caught.value.violation.field == "rows[1][1]"


def test_a_number_beyond_the_greatest_is_refused() -> None:
    assert "1.8e308" in str(refused(parse_json(b'{"weight": 1e999}'), router_pb2.Variant()))


# --- words, times and others -----------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["feature_rules", "STRATEGY_FEATURE_RULES"])
def test_words_of_enumerations_are_lower_case_and_full_names_are_taken(word: str) -> None:
    message = read({"strategy": word}, router_pb2.Router())
    assert message.strategy == router_pb2.STRATEGY_FEATURE_RULES
    assert write_message(message)["strategy"] == "feature_rules"


@pytest.mark.parametrize("word", ["Feature_Rules", "rules", "", 2, True])
def test_another_word_is_refused_with_those_there_are(word: Any) -> None:
    error = refused({"strategy": word}, router_pb2.Router())
    assert error.violation.field == "strategy"
    if isinstance(word, str):
        assert "weighted, feature_rules, bandit, canary" in error.violation.description


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-05-16T10:30:00Z", "2026-05-16T10:30:00Z"),
        ("2026-05-16t12:30:00.25+02:00", "2026-05-16T10:30:00.250Z"),
        ("2026-05-16T10:30:00.123456789Z", "2026-05-16T10:30:00.123456789Z"),
    ],
)
def test_times_have_a_zone_and_are_written_as_utc(text: str, written: str) -> None:
    assert write_message(read(text, timestamp_pb2.Timestamp())) == written


@pytest.mark.parametrize(
    "text",
    [
        *("2026-05-16T10:30:00", "2026-05-16", "2026-02-30T00:00:00Z", "2026-05-16 10:30:00Z", "now", "", 1),
        *("2026-05-16T24:30:00Z", "2026-05-16T10:30:00+25:00", "0001-01-01T00:00:00+01:00"),
    ],
)
def test_a_time_without_its_zone_is_refused(text: Any) -> None:
    assert "2026-05-16T10:30:00Z" in str(refused(text, timestamp_pb2.Timestamp()))


def test_durations_are_seconds_as_text() -> None:
    assert write_message(read("1.5s", duration_pb2.Duration())) == "1.500s"
    for wrong in ("1.5", "5m", 3, "s", "9999999999999s"):
        assert "as 1.5s" in str(refused(wrong, duration_pb2.Duration()))


def test_masks_name_fields_in_either_spelling() -> None:
    message = read("displayName,default_timeout", field_mask_pb2.FieldMask())
    assert list(message.paths) == ["display_name", "default_timeout"]
    assert write_message(message) == "displayName,defaultTimeout"


def test_bytes_are_base64_of_either_alphabet() -> None:
    for text in ("+/8=", "-_8", "+/8"):
        assert read({"chunk": text}, model_pb2.UploadModelFileRequest()).chunk == b"\xfb\xff"
    assert write_message(router_pb2.RouterRevision(salt=b"\xfb\xff"))["salt"] == "+/8="
    assert "not base64" in str(refused({"chunk": "!"}, model_pb2.UploadModelFileRequest()))


def test_single_values_that_may_be_missing_are_values() -> None:
    assert read(3, wrappers_pb2.Int64Value()).value == 3
    assert write_message(wrappers_pb2.DoubleValue(value=0.5)) == 0.5


def test_half_a_surrogate_pair_is_refused() -> None:
    assert "surrogate" in str(refused(parse_json(rb'{"displayName": "\ud800"}'), router_pb2.Router()))
    assert "surrogate" in str(refused(parse_json(rb'{"a": "\ud800"}'), struct_pb2.Struct()))


# --- what is there and what is not -----------------------------------------------------------------------


def test_fields_that_are_always_there_are_written_and_those_that_may_be_unset_are_not() -> None:
    written = write_message(router_pb2.Variant(name="a"))
    assert written["weight"] == 0
    assert written["role"] == "unspecified"
    assert "enabled" not in written
    assert write_message(router_pb2.Variant(enabled=False))["enabled"] is False
    assert write_message(router_pb2.ListRoutersResponse()) == {"routers": [], "nextPageToken": ""}
    assert write_message(router_pb2.RouterMetrics())["cutRecordCounts"] == {}
    assert "total" not in write_message(router_pb2.RouterMetrics())


def test_null_is_not_stated_and_in_values_of_any_type_it_is_null() -> None:
    assert read({"displayName": None, "variants": None}, router_pb2.Router()) == router_pb2.Router()
    asked = read({"features": {"a": None}}, prediction_pb2.PredictRequest())
    assert asked.features["a"].WhichOneof("kind") == "null_value"
    assert "null" in str(refused({"variants": [None]}, router_pb2.Router()))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(1 - 2**53, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_values_of_any_type_come_back_as_they_were(value: Any) -> None:
    text = json.dumps(write_message(read(value, struct_pb2.Value())), allow_nan=False)
    assert json.loads(text) == value


def test_values_of_mixed_types_and_arrays_of_arrays_come_back() -> None:
    features = {"age": 42, "income": 75000.5, "plan": "gold", "vip": True, "scores": [[0.1, 0.9], [0.7, 0.3]]}
    assert write_message(read(features, struct_pb2.Struct())) == features


def test_too_great_a_number_in_a_value_of_any_type_is_refused() -> None:
    error = refused({"features": {"id": 2**53 + 1}}, prediction_pb2.PredictRequest())
    assert error.violation.field == "features.id"
    assert "write it as text" in error.violation.description


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth", [31, 5_000, 200_000])
def test_values_too_deep_in_one_another_are_refused(opening: bytes, closing: bytes, depth: int) -> None:
    with pytest.raises(FieldError, match="in one another"):
        read_message(parse_json(opening * depth + b"1" + closing * depth), struct_pb2.Value())


def test_the_deepest_value_that_is_taken_is_read_by_protobuf() -> None:
    value: Any = 1
    for _ in range(30):
        value = {"a": value}
    asked = read({"features": {"a": value}}, prediction_pb2.PredictRequest())
    assert prediction_pb2.PredictRequest.FromString(asked.SerializeToString()) == asked


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"a": 1, "a": 2}', "twice in one object"),
        (b'{"a": ', "line 1, column"),
        (b"\xff", "no UTF-8"),
        (b"\xef\xbb\xbf{}", "no JSON"),
        (b"[" + b"9" * 5000 + b"]", "no JSON"),
        (b"", "no JSON"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(FieldError, match=says):
        parse_json(body)


def test_scopes_and_keys_are_written() -> None:
    key = key_pb2.ApiKey(key_id="k", scopes=[key_pb2.SCOPE_MLOPS_READ])
    assert write_message(key)["scopes"] == ["mlops_read"]
    assert read({"scopes": ["mlops_read"]}, key_pb2.CreateApiKeyRequest()).scopes == [
        key_pb2.SCOPE_MLOPS_READ
    ]
