"""Decisions are made again of their own rows, by the code that replays the lake."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pointsman import _core
from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import prediction_pb2, record_pb2, snapshot_pb2

from .routers import ALGORITHMS, ROUTER, a_bandit, a_canary, a_weighted, overridden
from .simulation import Learner, calls
from .sizes import DECISIONS

pytestmark = pytest.mark.timeout(600)

AGREES, DISAGREES = prediction_pb2.REPLAY_VERDICT_AGREES, prediction_pb2.REPLAY_VERDICT_DISAGREES
WEIGHTS = (55, 30, 14.5, 0.5, 0, 40)
NOW_US = 1_700_000_000_000_000
CALLS_PER_TABLE = 1_000
SPLITS: Mapping[str, snapshot_pb2.RouterSnapshot] = {
    "weighted": a_weighted(WEIGHTS, sticky=False),
    "sticky": a_weighted(WEIGHTS, sticky=True),
    "canary": a_canary(2.5, sticky=False),
    "sticky canary": a_canary(2.5, sticky=True),
    "override": overridden(a_canary(2.5, sticky=True), "v1"),
}


def rows(
    decided: pa.Table, router: snapshot_pb2.RouterSnapshot, shares: list[float], entities: pa.Array
) -> pa.RecordBatch:
    """Makes rows of the lake of decisions by one table.

    Args:
        decided: What the engine answered.
        router: The router.
        shares: The table in force, as records list it; empty where none is learnt.
        entities: The entity of each call, null for none.
    """
    count = decided.num_rows
    names = [variant.name for variant in router.variants][: len(shares)]
    lists = np.arange(count + 1, dtype=np.int32) * len(shares)
    listed = pa.array(np.tile(np.arange(len(shares)), count))
    columns = {
        "prediction_id": pa.array([f"p{number}" for number in range(count)]),
        "row": pa.array(np.zeros(count, np.int32)),
        "time_us": pa.array(np.full(count, NOW_US, np.int64)),
        "model_id": pa.repeat("m", count),
        "model_version": pa.repeat("1", count),
        "router_generation": pa.array(np.full(count, router.changed_generation, np.int64)),
        "entity_id": entities,
        "replayable": pa.repeat(True, count),
        "eligible_variants": pa.ListArray.from_arrays(lists, pa.array(names, pa.string()).take(listed)),
        "eligible_propensities": pa.ListArray.from_arrays(lists, pa.array(shares, pa.float64()).take(listed)),
    }
    for name in ("variant", "reason", "randomised_by"):
        columns[name] = decided.column(name).cast(pa.string()).combine_chunks()
    for name in ("propensity", "draw", "slot", "allocation_version", "epoch"):
        columns[name] = decided.column(name).combine_chunks()
    table = pa.table(columns)
    return table.combine_chunks().to_batches()[0]


def verdicts(
    batches: Iterable[pa.RecordBatch], router: snapshot_pb2.RouterSnapshot, folder: Path
) -> dict[int, int]:
    """Decides rows again; answers how many came out each way."""
    first, *others = batches
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, first.schema) as writer:
        for batch in (first, *others):
            writer.write_batch(batch)
    generation = router.changed_generation
    known = record_pb2.ReplayRouter(
        first_generation=generation, last_generation=generation, router=router.SerializeToString()
    )
    query = record_pb2.ReplayQuery(
        arrow_streams=[sink.getvalue().to_pybytes()],
        end_time_us=NOW_US,
        routers=[known],
        max_examples=3,
        thread_count=1,
    )
    found = _core.replay_lake_decisions(folder, query.SerializeToString())
    counts = record_pb2.ReplayAnswer.FromString(found).counts
    return {count.verdict: count.call_count for count in counts}


@pytest.mark.parametrize("strategy", SPLITS)
def test_splits_come_out_again_of_their_rows(strategy: str, tmp_path: Path) -> None:
    router = SPLITS[strategy]
    entities = pa.array(
        [None if number % 3 == 0 else f"e{number}" for number in range(DECISIONS)], pa.string()
    )
    decided = OfflineEngine(router, seed=17).decide(ROUTER, pa.table({"entity_id": entities}))
    batch = rows(decided, router, [], entities)
    assert verdicts([batch], router, tmp_path) == {AGREES: DECISIONS}
    if strategy != "override":
        again = OfflineEngine(router, seed=18).replay(ROUTER, decided.append_column("entity_id", entities))
        assert again.equals(decided)


@pytest.mark.parametrize(
    ("algorithm", "uniform_slice"), list(zip(ALGORITHMS, [0.2, 0.0, 0.0, 0.2], strict=True))
)
def test_a_bandit_that_learns_comes_out_again_of_its_rows(
    algorithm: str, uniform_slice: float, tmp_path: Path
) -> None:
    router = a_bandit(4, uniform_slice=uniform_slice, **ALGORITHMS[algorithm])
    engine = Learner(router, seed=17).engine
    chance, rates = np.random.default_rng(18), {"v0": 0.5, "v1": 0.5, "v2": 0.52, "v3": 0.4}
    batches, nobody = [], pa.nulls(CALLS_PER_TABLE, pa.string())
    for _ in range(DECISIONS // CALLS_PER_TABLE):
        shares = engine.update(ROUTER)
        decided = engine.decide(ROUTER, calls(CALLS_PER_TABLE))
        batches.append(rows(decided, router, shares, nobody))
        variants = decided.column("variant").to_pylist()
        drawn = chance.random(len(variants)).tolist()
        told = [float(draw < rates[variant]) for draw, variant in zip(drawn, variants, strict=True)]
        engine.observe_rewards(ROUTER, variants, told)
    assert verdicts(batches, router, tmp_path) == {AGREES: DECISIONS}


def test_rows_that_say_something_else_are_found(tmp_path: Path) -> None:
    router = a_bandit(4)
    engine = OfflineEngine(router, seed=17)
    shares, nobody = engine.update(ROUTER), pa.nulls(200, pa.string())
    decided = engine.decide(ROUTER, calls(200))
    variants = decided.column("variant").to_pylist()
    other = next(number for number, variant in enumerate(variants) if variant != variants[0])
    exchanged = np.arange(200)
    exchanged[[0, other]] = other, 0
    others = decided.set_column(
        decided.column_names.index("draw"), "draw", decided.column("draw").take(pa.array(exchanged))
    )
    found = verdicts([rows(others, router, shares, nobody)], router, tmp_path)
    assert found == {AGREES: 198, DISAGREES: 2}
