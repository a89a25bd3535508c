"""How an alert goes on, whatever results come: against a model of it, and case by case."""

from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.drift.alerting.judging import Judgement
from pointsman.domain.drift.alerting.rules import AlertFigure, AlertRule, AlertTier
from pointsman.domain.drift.alerting.states import AlertEventKind, AlertState, is_past, step
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
TIERS = tuple(AlertTier(f"t{level}", threshold=level / 10) for level in (1, 2, 3))


def a_rule(repeat_hours: float = 24.0) -> AlertRule:
    return AlertRule("r", AlertFigure.SCORE, "psi", tiers=TIERS, repeat_hours=repeat_hours)


def run(results, repeat_hours=24.0):
    """Steps through results, each a level and the hours since the one before; answers states and steps."""
    rule, state, now_us, told = a_rule(repeat_hours), AlertState(), HOUR_US, []
    states = []
    for number, (level, hours) in enumerate(results):
        now_us += int(hours * HOUR_US)
        findings = (("age", 1.0),) if level else ()
        state, one = step(state, rule, Judgement(level, findings, "found"), now_us, f"alert-{number}")
        states.append(state)
        told.append((now_us, one))
    return states, told


RESULTS = st.lists(st.tuples(st.sampled_from((None, 0, 0, 1, 2, 3)), st.integers(0, 30)), max_size=60)


@given(RESULTS, st.sampled_from((0.0, 1.0, 24.0)))
def test_each_alert_is_told_once_when_it_fires_and_once_when_it_recovers(results, repeat_hours):
    states, told = run(results, repeat_hours)
    is_on = False
    for (level, _), (_, one), state in zip(results, told, states, strict=True):
        kind = None if one is None else one.kind
        assert (kind is AlertEventKind.FIRING) == (not is_on and bool(level))
        assert (kind is AlertEventKind.RECOVERED) == (is_on and level == 0)
        is_on = is_on if level is None else bool(level)
        assert bool(state.alert_id) == is_on


@given(RESULTS, st.sampled_from((0.0, 1.0, 24.0)))
def test_each_tier_is_told_of_an_alert_once_but_for_repeats(results, repeat_hours):
    _, told = run(results, repeat_hours)
    heard: list[int] = []
    for _, one in told:
        if one is None or one.kind is AlertEventKind.REPEATED:
            continue
        if one.kind is AlertEventKind.RECOVERED:
            assert sorted(heard) == list(one.told), "whoever was told that it fires hears that it is over"
            heard = []
        else:
            assert not set(heard) & set(one.told)
            heard += one.told
            assert max(heard) == one.level


@given(RESULTS)
def test_what_cannot_be_judged_changes_nothing(results):
    judged = []
    waited = 0.0
    for level, hours in results:
        if level is None:
            waited += hours
        else:
            judged.append((level, hours + waited))
            waited = 0.0
    kinds = [one.kind for _, one in run(results)[1] if one is not None]
    assert kinds == [one.kind for _, one in run(judged)[1] if one is not None]


@given(RESULTS, st.sampled_from((1.0, 24.0)))
def test_messages_of_one_tier_are_an_interval_apart(results, repeat_hours):
    last_us = None
    for now_us, one in run(results, repeat_hours)[1]:
        if one is None:
            continue
        if one.kind is AlertEventKind.REPEATED:
            assert last_us is not None
            assert now_us - last_us >= repeat_hours * HOUR_US
        last_us = now_us


def kinds_of(results, repeat_hours=24.0):
    return [None if one is None else one.kind.value for _, one in run(results, repeat_hours)[1]]


def test_an_alert_that_goes_on_is_told_again_after_its_interval():
    results = [(1, 0), (1, 23), (1, 1), (1, 23), (1, 1)]
    assert kinds_of(results) == ["firing", None, "repeated", None, "repeated"]
    assert kinds_of(results, 0.0) == ["firing", None, None, None, None]


def test_a_tier_that_comes_back_within_an_alert_is_no_escalation():
    assert kinds_of([(1, 0), (2, 1), (1, 1), (2, 1), (3, 1), (0, 1), (2, 1)]) == [
        "firing",
        "escalated",
        None,
        None,
        "escalated",
        "recovered",
        "firing",
    ]


def test_the_first_message_goes_to_milder_tiers_too():
    ((_, fired),) = run([(3, 0)])[1]
    assert fired is not None
    assert fired.told == (1, 2, 3)


def test_an_escalation_goes_to_the_tiers_that_were_not_told():
    _, (_, escalated) = run([(1, 0), (3, 1)])[1]
    assert escalated is not None
    assert escalated.told == (2, 3)


def test_an_alert_is_told_no_earlier_than_it_fired_when_the_clock_is_put_back():
    states, told = run([(1, 10), (2, -5), (2, 5)], repeat_hours=3.0)
    assert [None if one is None else one.kind.value for _, one in told] == ["firing", "escalated", None]
    fired_us, told_us = states[0].fired_us, [state.told_us for state in states]
    assert told_us == [fired_us] * 3, "what is told while the clock is behind counts as told when it fired"


def an_analysis(window_end_us, start_time_us, days=7):
    return Analysis(
        job_id="j",
        model_id="m",
        model_key=1,
        baseline_key=1,
        status=AnalysisStatus.RUNNING,
        window_start_us=window_end_us - days * DAY_US,
        window_end_us=window_end_us,
        start_time_us=start_time_us,
        deadline_us=start_time_us,
        seen_us=start_time_us,
    )


def test_a_window_that_ends_before_the_last_one_is_past_unless_the_clock_was_put_back():
    state, now_us = AlertState(window_end_us=100 * DAY_US), 101 * DAY_US
    ends = (100 * DAY_US - 1, 100 * DAY_US)
    assert [is_past(an_analysis(end_us, now_us), state, now_us) for end_us in ends] == [True, False]
    assert not is_past(an_analysis(99 * DAY_US, 99 * DAY_US), state, 99 * DAY_US)


def test_a_window_is_past_that_ended_longer_ago_than_it_is_long_and_than_a_day():
    now_us = 100 * DAY_US
    cases = [(7, 7 * DAY_US), (7, 7 * DAY_US + 1), (0.5, DAY_US), (0.5, DAY_US + 1)]
    found = [
        is_past(an_analysis(now_us - ago_us, now_us, days), AlertState(), now_us) for days, ago_us in cases
    ]
    assert found == [False, True, False, True]
