"""A reward that is a sum, over a real server: what calls cost decides, and outlives the server."""

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import pytest
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer_bytes, infer_request, receipt
from stage.recording_backend import RecordingBackend, echo
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROUTER = "offers"
RATES = {"quick": 0.5, "slow": 0.5, "flaky": 1.0}
DELAY_SECONDS = 0.2
CALLS = 240
REWARD = [
    router_pb2.RewardTerm(metric="bought", weight=1),
    router_pb2.RewardTerm(cost=router_pb2.COST_LATENCY, weight=-2),
    router_pb2.RewardTerm(cost=router_pb2.COST_ERROR, weight=-2),
]


def slow(message: bytes, context: grpc.ServicerContext) -> bytes:
    time.sleep(DELAY_SECONDS)
    return echo(message, context)


class Flaky:
    """Fails every other call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self.calls += 1
        if self.calls % 2:
            context.abort(grpc.StatusCode.INTERNAL, "not this time")
        return echo(message, context)


def begin(control: Control, backends: dict[str, RecordingBackend]) -> None:
    for name, backend in backends.items():
        control.register("m", name, grpc_backend(backend.target, "m"))
    router = router_pb2.Router(
        router_id=ROUTER,
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[router_pb2.Variant(name=name, model_id="m", model_version=name) for name in RATES],
        metrics=[router_pb2.MetricDefinition(name="bought", type=router_pb2.METRIC_TYPE_BINARY)],
        bandit=router_pb2.Bandit(
            thompson_normal=router_pb2.ThompsonNormal(), reward_terms=REWARD, exploration_floor=0.3
        ),
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(ROUTER)


def arms(control: Control) -> dict[str, Any]:
    return {arm.variant: arm for arm in control.metrics(ROUTER).bandit.arms}


def facts_of(control: Control) -> dict[str, list[tuple[float, float, float]]]:
    return {
        name: [(term.count, term.mean, term.contribution) for term in arm.terms]
        for name, arm in arms(control).items()
    }


def test_the_quick_arm_that_does_not_fail_is_preferred_and_costs_outlive_the_server(tmp_path: Path) -> None:
    backends = {
        "quick": RecordingBackend(),
        "slow": RecordingBackend(slow),
        "flaky": RecordingBackend(Flaky()),
    }
    server = Server(tmp_path)
    control = Control(server.grpc)
    begin(control, backends)
    chance = random.Random(7)
    failures = 0
    answered: Counter[str] = Counter()
    worth = dict.fromkeys(RATES, 0.0)
    for _ in range(CALLS):
        try:
            answer = infer_bytes(control.channel, infer_request(ROUTER).SerializeToString())
        except grpc.RpcError as failure:
            if failure.code() is not grpc.StatusCode.INTERNAL:
                raise
            failures += 1
            continue
        facts = receipt(service_pb2.ModelInferResponse.FromString(answer))
        answered[facts["variant"]] += 1
        value = float(chance.random() < RATES[facts["variant"]])
        worth[facts["variant"]] += value
        control.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=facts["prediction_id"], metric="bought", value=value
            )
        )

    def counted() -> dict[str, float]:
        return {name: arm.terms[0].count for name, arm in arms(control).items() if arm.terms}

    eventually(lambda: counted() == dict(answered), 20.0, "all feedback is learnt")
    known = arms(control)
    for name, arm in known.items():
        bought, latency, failing = arm.terms
        failed = failures if name == "flaky" else 0
        assert arm.pulls == latency.count == failing.count == answered[name] + failed
        assert bought.mean == pytest.approx(worth[name] / answered[name])
        assert failing.mean == pytest.approx(failed / arm.pulls)
        assert (latency.mean >= DELAY_SECONDS) is (name == "slow")
        assert latency.contribution == pytest.approx(-2 * latency.mean)
    assert known["flaky"].terms[0].mean == 1.0 > known["quick"].terms[0].mean
    assert known["quick"].best_probability > 0.9
    assert known["quick"].share > 0.6
    told = control.metrics(ROUTER).bandit
    assert (told.metric, list(told.reward_terms)) == ("", REWARD)

    before = facts_of(control)
    control.close()
    server.end()
    server = Server(tmp_path)
    control = Control(server.grpc)
    after = facts_of(control)
    for name, terms in before.items():
        assert after[name] == [pytest.approx(term) for term in terms]
    control.close()
    server.end()
    for backend in backends.values():
        backend.close()
