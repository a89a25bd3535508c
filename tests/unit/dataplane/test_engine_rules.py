"""The engine decides by rules on features and metadata in bulk, as a server does call by call."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.dataplane.core import NativeCore
from pointsman.dataplane.engine import OfflineEngine
from pointsman.errors import InvalidRequestError
from pointsman.v1 import prediction_pb2, router_pb2, snapshot_pb2

Op = router_pb2.RuleOperator
EVEN = (0, 5_000, 1, 5_000)
LARGE = 2**53 + 1


def a_router(*rules: tuple[str, list[dict[str, Any]], str | None]) -> snapshot_pb2.RouterSnapshot:
    """Makes a router of rules by name, conditions, and variant; without a variant a rule splits evenly."""
    router = snapshot_pb2.RouterSnapshot(
        router_id="r",
        strategy=router_pb2.STRATEGY_FEATURE_RULES,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        sticky=True,
        salt=bytes(range(16)),
        slot_runs=[0, 10_000],
    )
    for name in ("old", "new"):
        router.variants.add(name=name, model_id="m", model_version=name, weight=50, enabled=True)
    definition = router.settings.feature_rules
    definition.default_variant = "old"
    for name, conditions, variant in rules:
        rule = definition.rules.add(name=name, variant=variant or "")
        if variant is None:
            rule.split.weights.update({"old": 50, "new": 50})
            router.rule_tables.add(rule=name, salt=bytes(16), slot_runs=EVEN)
        for condition in conditions:
            values = condition.pop("values", [])
            made = rule.conditions.add(**condition)
            for value in values:
                kind = {bool: "bool_value", str: "string_value"}.get(type(value), "number_value")
                setattr(made.values.add(), kind, value)
    return router


def one(operator: Any, *values: Any, numeric_text: bool = False) -> snapshot_pb2.RouterSnapshot:
    """Makes a router with one rule of one condition on ``x``."""
    condition = {"feature": "x", "operator": operator, "values": list(values), "numeric_text": numeric_text}
    return a_router(("it", [condition], "new"))


def exact(operator: Any, value: Any) -> snapshot_pb2.RouterSnapshot:
    """Makes the same of a number that is written as text, in rules and in calls."""
    return one(operator, value, numeric_text=True)


def taken(router: snapshot_pb2.RouterSnapshot, values: Any) -> list[bool]:
    """Answers which of the calls with these values of ``x`` the rule takes."""
    decided = OfflineEngine(router).decide("r", features={"x": values})
    return [rule == "it" for rule in decided.column("rule").to_pylist()]


NOTHING = pa.DictionaryArray.from_arrays(pa.nulls(2, pa.int8()), pa.array([], pa.string()))
FLOAT32 = np.array([0.1, 0.2, np.nan], np.float32)


@pytest.mark.parametrize(
    ("router", "values", "expected"),
    [
        (exact(Op.RULE_OPERATOR_EQUALS, str(LARGE)), np.array([LARGE - 1, LARGE, LARGE + 1]), [1]),
        (exact(Op.RULE_OPERATOR_EQUALS, str(LARGE)), np.array([LARGE], np.uint64), [0]),
        (exact(Op.RULE_OPERATOR_EQUALS, str(-(2**63))), np.array([-(2**63), 2**63 - 1]), [0]),
        (exact(Op.RULE_OPERATOR_EQUALS, str(2**63 - 1)), np.array([-(2**63), 2**63 - 1]), [1]),
        (exact(Op.RULE_OPERATOR_EQUALS, str(2**64 - 1)), np.array([0, 2**64 - 1], np.uint64), [1]),
        (exact(Op.RULE_OPERATOR_GREATER_THAN, str(2**63)), np.array([7, 2**64 - 1], np.uint64), [1]),
        (one(Op.RULE_OPERATOR_EQUALS, 0.1), FLOAT32, [0]),
        (one(Op.RULE_OPERATOR_EQUALS, 0.1), FLOAT32.astype(np.float64), []),
        (one(Op.RULE_OPERATOR_EQUALS, 0.1), np.array([0.1, 0.2], np.float16), [0]),
        (one(Op.RULE_OPERATOR_GREATER_THAN, 0.1), FLOAT32, [1]),
        (one(Op.RULE_OPERATOR_EXISTS), np.array([np.nan, np.inf, 0.0]), [1, 2]),
        (one(Op.RULE_OPERATOR_NOT_EQUALS, 1), np.array([np.nan, 1.0, 2.0]), [2]),
        (one(Op.RULE_OPERATOR_EQUALS, True), np.array([True, False]), [0]),
        (one(Op.RULE_OPERATOR_EQUALS, 1), np.array([True, False]), []),
        (one(Op.RULE_OPERATOR_EQUALS, 7), np.array([7, 8], np.int8), [0]),
        (one(Op.RULE_OPERATOR_EXISTS), ["", None, "a"], [0, 2]),
        (one(Op.RULE_OPERATOR_EQUALS, ""), ["", None, "a"], [0]),
        (one(Op.RULE_OPERATOR_REGEX, "^gold-[0-9]+$"), np.array(["gold-7", "gold", ""]), [0]),
        (one(Op.RULE_OPERATOR_IN, "a", "b"), pa.array(["b", None, "c"], pa.large_string()), [0]),
        (one(Op.RULE_OPERATOR_IN, "a", "b"), pa.array(["b", "c"], pa.string_view()), [0]),
        (one(Op.RULE_OPERATOR_IN, "a"), pa.array(["b", "a", None]).dictionary_encode(), [1]),
        (one(Op.RULE_OPERATOR_IN, "a"), pa.chunked_array([["b"], ["a"]], pa.string()), [1]),
        (one(Op.RULE_OPERATOR_EXISTS), NOTHING, []),
        (one(Op.RULE_OPERATOR_EXISTS), pa.nulls(2), []),
        (one(Op.RULE_OPERATOR_GREATER_THAN, 18), ["19", "7"], []),
        (exact(Op.RULE_OPERATOR_GREATER_THAN, 18), ["19", "7"], [0]),
    ],
)  # fmt: skip
def test_values_are_what_they_are(
    router: snapshot_pb2.RouterSnapshot, values: Any, expected: list[int]
) -> None:
    assert [row for row, is_taken in enumerate(taken(router, values)) if is_taken] == expected


def a_mixed_router() -> snapshot_pb2.RouterSnapshot:
    of_team = {"feature": "metadata.x-team", "operator": Op.RULE_OPERATOR_IN, "values": ["a", ""]}
    return a_router(
        ("team", [of_team], "new"),
        (
            "both",
            [
                {"feature": "number", "operator": Op.RULE_OPERATOR_GREATER_THAN, "values": [1]},
                {"feature": "word", "operator": Op.RULE_OPERATOR_CONTAINS, "values": ["b", "é"]},
            ],
            None,
        ),
        ("flag", [{"feature": "flag", "operator": Op.RULE_OPERATOR_NOT_EQUALS, "values": [True]}], "new"),
        ("small", [{"feature": "number", "operator": Op.RULE_OPERATOR_LESS_THAN, "values": [-1]}], None),
        ("any", [{"feature": "other", "operator": Op.RULE_OPERATOR_EXISTS}], "old"),
    )  # fmt: skip


CALL = st.fixed_dictionaries(
    {
        "entity": st.none() | st.text(min_size=1, max_size=3),
        "number": st.none() | st.floats() | st.sampled_from([1.0, -1.0, 2.0, -2.0]),
        "word": st.none() | st.text("abé", max_size=3),
        "flag": st.none() | st.booleans(),
        "team": st.none() | st.text("ab", max_size=1),
    }
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=st.lists(CALL, min_size=1, max_size=40))
def test_rows_are_decided_as_a_server_explains_them(rows: list[dict[str, Any]]) -> None:
    router = a_mixed_router()
    column = {name: [row[name] for row in rows] for name in rows[0]}
    decided = OfflineEngine(router, seed=3).decide(
        "r",
        column["entity"],
        features=pa.table(
            {
                "number": pa.array(column["number"], pa.float64()),
                "word": pa.array(column["word"], pa.string()),
                "flag": pa.array(column["flag"], pa.bool_()),
            }
        ),
        metadata={"x-team": pa.array(column["team"], pa.string())},
    )
    for row, made in zip(rows, decided.to_pylist(), strict=True):
        call = router_pb2.ExplainRoutingRequest(entity_id=row["entity"] or "")
        for name, kind in (("number", "number_value"), ("word", "string_value"), ("flag", "bool_value")):
            if row[name] is not None:
                setattr(call.features[name], kind, row[name])
        if row["team"] is not None:
            call.metadata["x-team"] = row["team"]
        case = snapshot_pb2.RoutingCase(router=router, call=call)
        told = router_pb2.ExplainRoutingResponse.FromString(
            NativeCore.explain_routing(case.SerializeToString())
        )
        shares = {share.variant: share.propensity for share in told.propensities}
        assert (made["rule"] or "") == told.rule
        assert made["propensity"] == shares[made["variant"]]
        assert (made["slot"] is None) == (not told.HasField("slot"))
        if told.HasField("slot"):
            assert (made["slot"], made["variant"]) == (told.slot, told.variant)
        reason = prediction_pb2.DecisionReason.Name(told.reason)
        assert f"DECISION_REASON_{made['reason'].upper()}" == reason


def test_what_rules_decided_is_decided_again_of_its_draws() -> None:
    engine, numbers = OfflineEngine(a_mixed_router(), seed=5), np.arange(3_000) % 5 - 2.0
    words = ["abc"[number % 3] for number in range(3_000)]
    entities = [None if number % 2 else f"e{number}" for number in range(3_000)]
    brought = {"number": numbers, "word": words}
    decided = engine.decide("r", entities, features=brought)
    assert set(decided.column("rule").to_pylist()) == {"both", "small", None}
    recorded = decided.append_column("entity_id", pa.array(entities, pa.string()))
    assert engine.replay("r", recorded, features=brought).equals(decided)


def test_columns_of_the_lake_are_read_under_their_names() -> None:
    rows = pa.table(
        {"entity_id": ["e1", "e2"], "f_x": [1.0, 3.0], "metadata.x-team": ["b", "b"], "x": [9, 9]}
    )
    router = one(Op.RULE_OPERATOR_GREATER_THAN, 2)
    assert OfflineEngine(router).decide("r", rows).column("rule").to_pylist() == [None, "it"]
    batch = rows.to_batches()[0]
    assert OfflineEngine(router).decide("r", batch).column("rule").to_pylist() == [None, "it"]


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
@pytest.mark.parametrize("call", ["decide", "replay"])
@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (["all", "cut", "all"], r"^features_content: row 1 is 'cut', so .* filter for 'all'"),
        (["all", "all", "none"], r"^features_content: row 2 is 'none', so "),
        ([None, "all", "unreadable"], r"^features_content: row 0 is None and 1 more are not 'all', so "),
    ],
)  # fmt: skip
def test_rows_of_the_lake_without_all_features_are_refused(
    call: str, kind: pa.DataType, contents: list[str | None], message: str
) -> None:
    rows = pa.table(
        {
            "entity_id": ["e1", "e2", "e3"],
            "draw": pa.nulls(3, pa.uint64()),
            "f_x": [1.0, None, 3.0],
            "features_content": pa.array(contents, pa.string()).cast(kind),
        }
    )
    engine = OfflineEngine(one(Op.RULE_OPERATOR_GREATER_THAN, 2))
    with pytest.raises(InvalidRequestError, match=message):
        getattr(engine, call)("r", rows)
    told = getattr(engine, call)("r", rows.slice(0, 0))
    assert told.num_rows == 0


def test_what_the_lake_lacks_is_of_no_matter_where_no_rule_reads_it_there() -> None:
    rows = pa.table({"f_x": [1.0, 3.0], "metadata.x-team": ["a", "b"], "features_content": ["none", "cut"]})
    by_number = OfflineEngine(one(Op.RULE_OPERATOR_GREATER_THAN, 2))
    beside = by_number.decide("r", rows.drop_columns("f_x"), features={"x": [3.0, 1.0]})
    assert beside.column("rule").to_pylist() == ["it", None]
    of_team = {"feature": "metadata.x-team", "operator": Op.RULE_OPERATOR_EQUALS, "values": ["b"]}
    by_team = OfflineEngine(a_router(("it", [of_team], "new")))
    assert by_team.decide("r", rows).column("rule").to_pylist() == [None, "it"]


def test_rows_of_the_lake_with_all_features_are_decided() -> None:
    rows = pa.table({"f_x": [1.0, 3.0], "features_content": ["all", "all"]})
    engine = OfflineEngine(one(Op.RULE_OPERATOR_GREATER_THAN, 2))
    for calls in (rows, rows.to_batches()[0]):
        assert engine.decide("r", calls).column("rule").to_pylist() == [None, "it"]


def test_what_no_column_holds_is_missing() -> None:
    router = one(Op.RULE_OPERATOR_NOT_EQUALS, 2)
    decided = OfflineEngine(router).decide("r", features={"y": [1, 3]}).to_pylist()
    assert [(row["rule"], row["reason"], row["variant"]) for row in decided] == [(None, "default", "old")] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"calls": ["e1"]}, r"^features: the router decides by rules, .*bring what its rules read$"),
        ({}, r"^calls: there are neither calls nor features"),
        ({"features": {"x": pa.array([[1.0]])}}, r"^f_x: is a column of type List\(.*which no feature is"),
        ({"features": {"x": np.array(["2026-11-29"], "datetime64[D]")}}, r"^f_x: is a column of type Date32"),
        ({"features": {"x": np.ones((2, 2))}}, r"^features\.x: is no column of one kind of values"),
        ({"features": {"x": [1, "a"]}}, r"^features\.x: is no column of one kind of values"),
        ({"features": {"x": [2**64]}}, r"^features\.x: is no column of one kind of values"),
        ({"calls": ["e1", "e2"], "features": {"x": [1]}}, r"^f_x: has 1 values, and entity_id has 2"),
        (
            {"features": pa.table([pa.array([1]), pa.array([2])], names=["x", "x"])},
            r"^f_x: there are two columns of that name",
        ),
        ({"metadata": {"x-team": [1]}}, r"^metadata\.x-team: is a column of type Int64; metadata .* text"),
    ],
)  # fmt: skip
def test_what_rules_cannot_read_is_refused_by_its_name(arguments: dict[str, Any], message: str) -> None:
    router = one(Op.RULE_OPERATOR_GREATER_THAN, 2)
    other = router.settings.feature_rules.rules.add(name="team", variant="new")
    other.conditions.add(feature="metadata.x-team", operator=Op.RULE_OPERATOR_EXISTS)
    with pytest.raises(InvalidRequestError, match=message):
        OfflineEngine(router).decide("r", **arguments)


def test_a_column_that_no_rule_reads_may_be_anything() -> None:
    brought = {"x": [3.0], "when": np.array(["2026-11-29"], "datetime64[D]"), "list": pa.array([[1]])}
    decided = OfflineEngine(one(Op.RULE_OPERATOR_GREATER_THAN, 2)).decide("r", features=brought)
    assert decided.column("rule").to_pylist() == ["it"]


def test_a_million_calls_are_decided_by_rules_in_seconds() -> None:
    brought = {"number": np.arange(1_000_000) % 4 - 1.0, "word": pa.array(["b"] * 1_000_000)}
    decided = OfflineEngine(a_mixed_router()).decide("r", features=brought)
    counts = {row["values"]: row["counts"] for row in decided.column("rule").value_counts().to_pylist()}
    assert counts == {"both": 250_000, None: 750_000}
