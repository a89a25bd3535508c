"""What is lost while it is learnt, beside samplers of other projects.

Their figures are means of 200 runs; rewards are told in order, here after a few calls each.
"""

from collections.abc import Sequence

import pytest

from .routers import a_bandit, unmixed
from .simulation import FIVE, TEN, TWO, Figure, Problem, Rates, assert_reaches, ratio
from .sizes import IS_FULL, runs

pytestmark = pytest.mark.timeout(7200)

FIGURES = [
    pytest.param("thompson_beta", TWO, 10_000, Figure(19.9, 0.9), id="thompson, two"),
    pytest.param("thompson_beta", TEN, 10_000, Figure(168, 3), id="thompson, ten"),
    pytest.param("ucb1", TWO, 10_000, Figure(87.5, 1.4), id="ucb1, two"),
    pytest.param("ucb1", TEN, 10_000, Figure(595, 3), id="ucb1, ten"),
    pytest.param("epsilon_greedy", TWO, 10_000, Figure(63.4, 2.3), id="epsilon, two"),
    pytest.param("epsilon_greedy", TEN, 10_000, Figure(199, 11), id="epsilon, ten"),
]
if IS_FULL:
    FIGURES += [
        pytest.param("thompson_beta", FIVE, 100_000, Figure(181, 5), id="thompson, five"),
        pytest.param("ucb1", FIVE, 100_000, Figure(1015, 8), id="ucb1, five"),
        pytest.param("epsilon_greedy", FIVE, 100_000, Figure(502, 12), id="epsilon, five"),
    ]


@pytest.mark.parametrize(("algorithm", "rates", "horizon", "reach"), FIGURES)
def test_no_more_is_lost_than_by_samplers(algorithm: str, rates: Rates, horizon: int, reach: Figure) -> None:
    problem = Problem(unmixed(len(rates), algorithm), [rates], horizon, batch=min(100, horizon // 200))
    assert_reaches(problem.mean_regret(runs(10)), reach)


@pytest.mark.parametrize(
    ("rates", "reach"), [(TWO, Figure(19.9, 0.9)), (TEN, Figure(168, 3))], ids=["two", "ten"]
)
def test_the_defaults_lose_what_their_floor_costs_besides(rates: Rates, reach: Figure) -> None:
    horizon, floor = 10_000, 0.05
    evenly = horizon * (max(rates) - sum(rates) / len(rates))
    problem = Problem(a_bandit(len(rates)), [rates], horizon, batch=50)
    assert_reaches(problem.mean_regret(runs(10)), Figure(reach.mean + floor * evenly, reach.error))


def test_ucb1_does_not_send_a_whole_batch_to_one_arm() -> None:
    problem = Problem(unmixed(len(TEN), "ucb1"), [TEN], 100_000, batch=10_000)
    found = problem.mean_regret(runs(5))
    print(f"{found}, at most 1700")
    assert found.mean <= 1_700


def test_engines_that_merge_lose_hardly_more_than_one() -> None:
    router = unmixed(len(TEN), "thompson_beta")
    one = Problem(router, [TEN], 100_000, batch=100)
    eight = Problem(router, [TEN], 100_000, batch=100, engines=8, merge_every=800)
    count = runs(2)
    alone, merging = one.mean_regret(count), eight.mean_regret(count)
    found = ratio(merging, alone)
    print(f"one {alone}, eight {merging}: {found.mean:.3f} ± {found.error:.3f}")
    # Few runs tell no more than that they hear of each other: eight that do not lose 1396.
    assert found.mean <= 1.15 if IS_FULL else merging.mean < 600


def test_forgetting_saves_more_than_half_of_what_a_moving_best_arm_costs() -> None:
    best: Sequence[int] = (0, 1, 2, 0)
    phases = [[0.10 if arm == now else 0.05 for arm in range(3)] for now in best]
    forgetting = unmixed(3, "thompson_beta")
    # At a call a second: a weight of 0.9995 a call has halved after so many.
    forgetting.settings.bandit.half_life.FromSeconds(1386)
    count = runs(2)
    plain, moving = (
        Problem(router, phases, 100_000, batch=200, seconds_per_call=1).mean_regret(count)
        for router in (unmixed(3, "thompson_beta"), forgetting)
    )
    found = ratio(moving, plain)
    print(f"forgetting {moving}, plain {plain}: {found.mean:.3f} ± {found.error:.3f}")
    assert found.mean <= 0.45
