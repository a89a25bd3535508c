"""The engine decides in bulk, and again: what was drawn gives the same."""

import pyarrow as pa
import pytest

from pointsman import _core
from pointsman.dataplane.engine import OfflineEngine
from pointsman.errors import InvalidRequestError, InvalidSnapshotError
from pointsman.v1 import router_pb2, snapshot_pb2


def a_router(*, sticky: bool = True) -> snapshot_pb2.RouterSnapshot:
    router = snapshot_pb2.RouterSnapshot(
        router_id="r",
        strategy=router_pb2.STRATEGY_WEIGHTED,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        sticky=sticky,
        salt=bytes(range(16)),
        slot_runs=[0, 7_000, 1, 3_000],
    )
    router.variants.add(name="lr", model_id="m", model_version="1", weight=70, enabled=True)
    router.variants.add(name="gb", model_id="m", model_version="2", weight=30, enabled=True)
    return router


CALLS = [None if number % 3 == 0 else f"e{number}" for number in range(3_000)]


@pytest.mark.parametrize("sticky", [True, False])
def test_what_was_decided_is_decided_again_of_its_draws(sticky: bool) -> None:
    engine = OfflineEngine(a_router(sticky=sticky), seed=7)
    decided = engine.decide("r", CALLS)
    recorded = decided.append_column("entity_id", pa.array(CALLS, pa.string()))
    assert engine.replay("r", recorded).equals(decided)
    assert OfflineEngine(a_router(sticky=sticky), seed=8).replay("r", recorded).equals(decided)


def test_the_same_seed_decides_the_same_and_goes_on_from_call_to_call() -> None:
    first, second = (OfflineEngine(a_router(), seed=7) for _ in range(2))
    whole = first.decide("r", [None] * 200).column("draw").to_pylist()
    parts = [second.decide("r", [None] * 100).column("draw").to_pylist() for _ in range(2)]
    assert whole == parts[0] + parts[1]
    assert whole != OfflineEngine(a_router(), seed=8).decide("r", [None] * 200).column("draw").to_pylist()


def test_decisions_say_all_that_a_record_says() -> None:
    decided = OfflineEngine(a_router(), seed=7).decide("r", ["e1", None, ""])
    assert decided.column_names == [
        *("variant", "propensity", "reason", "randomised_by", "draw", "slot", "allocation_version", "epoch"),
        "rule",
    ]
    assert pa.types.is_dictionary(decided.schema.field("variant").type)
    sticky, drawn, unnamed = decided.to_pylist()
    assert (sticky["reason"], sticky["randomised_by"]) == ("slot", "entity")
    assert sticky["slot"] == sticky["draw"] % 10_000
    assert sticky["variant"] == ("lr" if sticky["slot"] < 7_000 else "gb")
    assert sticky["propensity"] == {"lr": 0.7, "gb": 0.3}[sticky["variant"]]
    for call in (drawn, unnamed):
        assert (call["reason"], call["randomised_by"], call["slot"]) == ("weight", "request", None)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_entities_come_as_any_text(kind: pa.DataType) -> None:
    engine = OfflineEngine(a_router())
    table = pa.table({"age": pa.array([1, 2]), "entity_id": pa.array(["e1", "e2"], kind)})
    assert engine.decide("r", table).equals(engine.decide("r", ["e1", "e2"]))


def test_rows_without_entities_are_drawn() -> None:
    decided = OfflineEngine(a_router()).decide("r", pa.table({"age": pa.array(range(50))}))
    assert decided.column("randomised_by").to_pylist() == ["request"] * 50


def test_what_cannot_be_decided_says_which_column_and_what_would_be_right() -> None:
    engine = OfflineEngine(a_router())
    with pytest.raises(InvalidRequestError, match=r'^router_id: "s" is not in'):
        engine.decide("s", ["e1"])
    with pytest.raises(InvalidRequestError, match=r"^entity_id: is a column of type Int64; give .* text"):
        engine.decide("r", pa.table({"entity_id": pa.array([1])}))
    with pytest.raises(InvalidRequestError, match=r"^draw: there is no such column"):
        engine.replay("r", pa.table({"entity_id": pa.array(["e1"])}))
    draws = pa.array([5, None], pa.uint64())
    with pytest.raises(InvalidRequestError, match=r"^draw\[1\]: is null"):
        engine.replay("r", pa.table({"draw": draws}))
    with pytest.raises(_core.InvalidRequestError, match=r"^batch: is no Arrow IPC stream"):
        _core.Engine(a_router().SerializeToString(), 1).decide("r", b"no stream")


def test_a_router_that_cannot_be_decided_by_names_the_field() -> None:
    router = a_router()
    router.slot_runs[1] = 6_999
    with pytest.raises(InvalidSnapshotError, match=r"^slot_runs: "):
        OfflineEngine(router)


def test_a_million_calls_are_decided_in_seconds() -> None:
    calls = pa.table({"entity_id": pa.array([f"e{number}" for number in range(1_000_000)])})
    decided = OfflineEngine(a_router()).decide("r", calls)
    counts = {row["values"]: row["counts"] for row in decided.column("variant").value_counts().to_pylist()}
    assert counts["lr"] == pytest.approx(700_000, abs=5_000)
