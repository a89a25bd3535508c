"""The state machine of routers, against a model of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.lifecycle import TRANSITIONS, Step, next_status
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.variants import Variant
from pointsman.errors import FailedPreconditionError

VARIANTS = (Variant("a", "m", "1", 1), Variant("b", "m", "2", 1))

# Written down once more, as a person would draw it.
DRAWN = {
    "registered": {"deploy": "deploying", "delete": "stopped"},
    "deploying": {"succeed": "running", "fail": "failed"},
    "running": {"stop": "stopped", "delete": "stopped"},
    "stopped": {"deploy": "deploying", "start": "deploying", "delete": "stopped"},
    "failed": {"deploy": "deploying", "delete": "stopped"},
}


def a_router(status):
    return Router("r", VARIANTS, status=status)


@pytest.mark.parametrize("status", RouterStatus)
@pytest.mark.parametrize("step", Step)
def test_every_step_from_every_status(status, step):
    drawn = DRAWN[status.value].get(step.value)
    if drawn is not None:
        assert next_status(a_router(status), step).value == drawn
        return
    with pytest.raises(FailedPreconditionError) as caught:
        next_status(a_router(status), step)
    assert f"is {status} and cannot {step}; " in caught.value.message
    assert caught.value.metadata == {"router_id": "r", "status": status.value}


@given(st.lists(st.sampled_from(Step)))
def test_running_is_only_reached_through_a_deployment_that_succeeded(steps):
    router, history = a_router(RouterStatus.REGISTERED), []
    for step in steps:
        if (router.status, step) not in TRANSITIONS:
            continue
        router = a_router(next_status(router, step))
        history.append(step)
        if router.status is RouterStatus.RUNNING:
            assert history[-1] is Step.SUCCEED
            assert history[-2] in (Step.DEPLOY, Step.START)


def test_no_status_is_a_dead_end():
    for status in RouterStatus:
        assert any(origin is status for origin, _ in TRANSITIONS)
