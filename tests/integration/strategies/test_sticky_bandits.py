"""A sticky bandit serves what it logs, entities by slots and others by draws, and both come out again."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pointsman import _core
from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import snapshot_pb2

from .routers import ALGORITHMS, ROUTER, a_sticky_bandit
from .simulation import calls, picked
from .sizes import DECISIONS
from .test_replay import AGREES, rows, verdicts
from .test_shares import shares_within_bands

pytestmark = pytest.mark.timeout(600)

SHARES = (0.55, 0.3, 0.13, 0.02)
SUCCEEDING = {"v0": 2, "v1": 2, "v2": 3, "v3": 4}


def learn(engine: OfflineEngine, variants: list[str]) -> None:
    rewards = [float(number % SUCCEEDING[variant] == 0) for number, variant in enumerate(variants)]
    engine.observe_rewards(ROUTER, variants, rewards)
    engine.update(ROUTER)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_entities_are_split_by_slots_and_others_by_what_was_learnt(algorithm: str, tmp_path: Path) -> None:
    router = a_sticky_bandit(SHARES, **ALGORITHMS[algorithm])
    engine = OfflineEngine(router, seed=11)
    entity = np.random.default_rng(5).integers(0, DECISIONS // 2, DECISIONS)
    entities = pc.cast(pa.array(entity), pa.string())
    named = pa.table({"entity_id": entities})
    decided = engine.decide(ROUTER, named)
    assert set(decided.column("reason").unique().to_pylist()) == {"slot"}
    first, of_call = np.unique(entity, return_index=True, return_inverse=True)[1:]
    variants = picked(decided)
    assert (variants == variants[first][of_call]).all()
    found = shares_within_bands(decided.take(first))
    assert found == pytest.approx({f"v{number}": share for number, share in enumerate(SHARES)})
    # Calls by slot are counted as any other.
    assert sum(arm.pulls for arm in engine.arm_totals(ROUTER)[1].arms) == DECISIONS

    learn(engine, decided.column("variant").to_pylist())
    assert picked(engine.decide(ROUTER, named)).tolist() == variants.tolist()
    shares = engine.update(ROUTER)
    drawn = engine.decide(ROUTER, calls(DECISIONS))
    assert shares_within_bands(drawn) == {f"v{number}": share for number, share in enumerate(shares) if share}

    mixed = pc.if_else(pa.array(entity % 3 == 0), pa.scalar(None, pa.string()), entities)
    both = engine.decide(ROUTER, pa.table({"entity_id": mixed}))
    assert verdicts([rows(both, router, shares, mixed)], router, tmp_path) == {AGREES: DECISIONS}


def test_another_table_moves_the_entities_of_its_moved_slots_alone() -> None:
    before = a_sticky_bandit(SHARES)
    after = snapshot_pb2.RouterSnapshot.FromString(before.SerializeToString())
    # An arm that is off is no variant of the table.
    after.slot_runs[:], moved = _core.reallocate_slots(before.slot_runs, [0.3, 0.3, 0.38, 0.02, 0.0])
    assert moved == 2_500
    named = pa.table({"entity_id": [f"e{number}" for number in range(DECISIONS)]})
    was, now = (picked(OfflineEngine(router, seed=1).decide(ROUTER, named)) for router in (before, after))
    gone = was != now
    assert set(zip(was[gone].tolist(), now[gone].tolist(), strict=True)) == {(0, 2)}
    assert gone.mean() == pytest.approx(0.25, abs=0.02)
