"""What is served is what is logged: counts lie within the binomial bands of their propensities."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import binom

from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import snapshot_pb2

from .routers import ALGORITHMS, ROUTER, a_bandit, a_canary, a_weighted, overridden
from .simulation import calls, picked
from .sizes import DECISIONS

pytestmark = pytest.mark.timeout(600)

WEIGHTS = (55, 30, 14.5, 0.5, 0, 40)
"""The last but one gets nothing, and the last one is disabled."""
SPLITS: Mapping[str, tuple[snapshot_pb2.RouterSnapshot, snapshot_pb2.RouterSnapshot]] = {
    "weighted": (a_weighted(WEIGHTS, sticky=False), a_weighted(WEIGHTS, sticky=True)),
    "canary": (a_canary(2.5, sticky=False), a_canary(2.5, sticky=True)),
}


def shares_within_bands(decided: pa.Table) -> dict[str, float]:
    """Checks counts of decisions by one table; answers the propensity of each variant that came."""
    groups = decided.group_by("variant").aggregate(
        [("propensity", "count"), ("propensity", "min"), ("propensity", "max")]
    )
    shares: dict[str, float] = {}
    for row in groups.to_pylist():
        share = row["propensity_min"]
        assert row["propensity_max"] == share, row
        low, high = binom.ppf([0.0005, 0.9995], decided.num_rows, share)
        assert low <= row["propensity_count"] <= high, (row, low, high)
        shares[row["variant"]] = share
    # Were one that has a share never picked, these would lack its part.
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
    return shares


@pytest.mark.parametrize("strategy", SPLITS)
def test_calls_are_split_by_their_propensities(strategy: str) -> None:
    router, _ = SPLITS[strategy]
    found = shares_within_bands(OfflineEngine(router, seed=11).decide(ROUTER, calls(DECISIONS)))
    wanted = {"weighted": [0.55, 0.3, 0.145, 0.005], "canary": [0.975, 0.025]}[strategy]
    assert found == pytest.approx({f"v{number}": share for number, share in enumerate(wanted)})


@pytest.mark.parametrize("strategy", SPLITS)
def test_entities_are_split_by_their_propensities_and_keep_their_variant(strategy: str) -> None:
    _, router = SPLITS[strategy]
    entity = np.random.default_rng(5).integers(0, DECISIONS // 2, DECISIONS)
    entities = pc.cast(pa.array(entity), pa.string())
    decided = OfflineEngine(router, seed=11).decide(ROUTER, pa.table({"entity_id": entities}))
    first, of_call = np.unique(entity, return_index=True, return_inverse=True)[1:]
    variants = picked(decided)
    assert (variants == variants[first][of_call]).all()
    assert set(decided.column("randomised_by").unique().to_pylist()) == {"entity"}
    found = shares_within_bands(decided.take(first))
    wanted = {"weighted": [0.55, 0.3, 0.145, 0.005], "canary": [0.975, 0.025]}[strategy]
    assert found == pytest.approx({f"v{number}": share for number, share in enumerate(wanted)})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("uniform_slice", [0.0, 0.2])
def test_a_bandit_serves_the_shares_that_it_computed(algorithm: str, uniform_slice: float) -> None:
    router = a_bandit(4, uniform_slice=uniform_slice, **ALGORITHMS[algorithm])
    engine = OfflineEngine(router, seed=11)
    # It has seen calls of each arm, so that UCB1 and epsilon-greedy have an opinion.
    variants = engine.decide(ROUTER, calls(400)).column("variant").to_pylist()
    succeeding = {"v0": 2, "v1": 2, "v2": 3, "v3": 4}
    engine.observe_rewards(ROUTER, variants, [float(n % succeeding[v] == 0) for n, v in enumerate(variants)])
    shares = engine.update(ROUTER)
    found = shares_within_bands(engine.decide(ROUTER, calls(DECISIONS)))
    assert found == {f"v{number}": share for number, share in enumerate(shares) if share > 0}
    # A table rounds shares to what its draws can tell apart.
    assert (shares[-1], min(shares[:-1]) >= (uniform_slice or 0.05) / 4 - 1e-9) == (0.0, True)


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("strategy", ["weighted", "canary", "bandit"])
def test_an_override_takes_all_calls(strategy: str, sticky: bool) -> None:
    router = a_bandit(4) if strategy == "bandit" else SPLITS[strategy][sticky]
    router = overridden(snapshot_pb2.RouterSnapshot.FromString(router.SerializeToString()), "v1")
    entities = [str(number) if sticky else None for number in range(DECISIONS)]
    engine = OfflineEngine(router, seed=11)
    decided = engine.decide(ROUTER, entities)
    assert shares_within_bands(decided) == {"v1": 1.0}
    assert set(decided.column("reason").unique().to_pylist()) == {"override"}
    if strategy == "bandit":
        assert sum(arm.pulls for arm in engine.arm_totals(ROUTER)[1].arms) == 0


def test_an_override_that_has_ended_takes_none() -> None:
    router = overridden(a_canary(2.5, sticky=False), "v1", seconds=-1)
    decided = OfflineEngine(router, seed=11).decide(ROUTER, calls(1_000))
    assert set(decided.column("reason").unique().to_pylist()) == {"weight"}
