from dataclasses import replace

import pytest

from pointsman.client import RouterMetrics, VariantMetrics
from pointsman.demo.checks import check_answered, check_moves, check_rules, find_differences
from pointsman.demo.errors import DemoError
from pointsman.demo.tally import Tally, VariantTally


def tally() -> Tally:
    return Tally({"lr": VariantTally(7, 4, 3, [0.1] * 7), "gb": VariantTally(3, 2, 2, [0.2] * 3)})


def figures(variant: str, requests: int, feedback: int, reward: float | None) -> VariantMetrics:
    return VariantMetrics(
        variant, requests, 0, {"OK": requests}, 0, 0.5, 0.5, feedback_count=feedback, mean_reward=reward
    )


def metrics() -> RouterMetrics:
    variants = (figures("lr", 7, 4, 0.75), figures("gb", 3, 2, 1.0))
    return RouterMetrics("cancer", variants, figures("", 10, 6, 5 / 6), 1, None, 0)


def test_the_same_counts_differ_in_nothing() -> None:
    assert find_differences(tally(), metrics()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (figures("gb", 4, 2, 1.0), "gb: answered requests: the client counted 3, the server 4"),
        (figures("gb", 3, 1, 1.0), "gb: feedback: the client counted 2, the server 1"),
        (figures("gb", 3, 2, 0.5), "gb: mean reward"),
        (figures("gb", 3, 2, None), "gb: mean reward"),
        (figures("xx", 3, 2, 1.0), "gb: the server does not name it"),
    ],
)
def test_a_difference_is_named(changed: VariantMetrics, said: str) -> None:
    told = metrics()
    differences = find_differences(tally(), replace(told, variants=(told.variants[0], changed)))
    assert any(line.startswith(said) for line in differences)


def test_a_call_that_nobody_answered_is_missed() -> None:
    counted = tally()
    counted.failed_requests = 1
    assert find_differences(counted, metrics()) == ["all: requests: the client counted 11, the server 10"]


def test_stretches_add_up() -> None:
    total = Tally.of(["lr", "gb"])
    total.add(tally())
    total.add(tally())
    assert (total.requests, total.variants["lr"].feedback, total.served_share("lr")) == (20, 8, 0.7)
    assert total.variants["lr"].accuracy == 0.75


def test_quantiles_of_latencies() -> None:
    seen = VariantTally(seconds=[number / 1000 for number in range(1, 101)])
    assert (seen.quantile_seconds(0.5), seen.quantile_seconds(0.99)) == (0.051, 0.1)
    assert VariantTally().quantile_seconds(0.99) == 0.0


def homes(in_lr: int, in_gb: int) -> dict[str, str]:
    return {f"p{number}": "lr" if number < in_lr else "gb" for number in range(in_lr + in_gb)}


def test_as_many_moved_as_said() -> None:
    assert check_moves(homes(70, 30), homes(50, 50), {"gb"}, 0.2) == 20


def test_a_needless_move_is_noticed() -> None:
    after = {**homes(50, 50), "p99": "lr"}
    with pytest.raises(DemoError, match="p99 moved needlessly, from gb to lr"):
        check_moves(homes(70, 30), after, {"gb"}, 0.2)


def test_too_many_moves_are_noticed() -> None:
    with pytest.raises(DemoError, match="60 of 100 patients moved"):
        check_moves(homes(70, 30), homes(10, 90), {"gb"}, 0.2)


def test_a_patient_where_no_rule_sends_it_is_named() -> None:
    ruled = {"patient-0001": "lr", "patient-0002": "gb", "patient-0003": "gb"}
    check_rules({"patient-0001": "lr", "patient-0002": "gb"}, ruled)
    with pytest.raises(DemoError, match="patient-0002 got lr, but the rules give gb"):
        check_rules({"patient-0001": "lr", "patient-0002": "lr"}, ruled)


def test_failed_calls_are_told_with_the_last_reason() -> None:
    counted = tally()
    check_answered(counted)
    counted.errors["UNAVAILABLE"] = 2
    counted.last_error = "nobody listens"
    with pytest.raises(DemoError, match="2 × UNAVAILABLE; the last said: nobody listens"):
        check_answered(counted)
