"""A bandit over a real server: it finds the best arm, keeps what it learnt, and counts each reward once."""

import asyncio
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.oip import INFER, infer_bytes, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROUTER = "offers"
RATES = {"poor": 0.2, "fair": 0.5, "good": 0.8}
CALLS, STRETCH = 20_000, 2_000
CONNECTIONS = 24
DELAY = 500
MISSING = 0.3
BATCH = 250


@dataclass
class Shoppers:
    """Calls the bandit, and says later what some of the calls were worth."""

    address: str
    chance: random.Random = field(default_factory=lambda: random.Random(3))
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=STRETCH))
    calls: Counter[str] = field(default_factory=Counter)
    rewards: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    _owed: list[prediction_pb2.RecordFeedbackRequest] = field(default_factory=list)

    def share(self, variant: str) -> float:
        """A variant's share of the latest calls."""
        return self.latest.count(variant) / max(1, len(self.latest))

    def has_found(self) -> bool:
        """Whether the best arm gets more than 85 % of the latest calls, a whole stretch of them."""
        return len(self.latest) == STRETCH and self.share("good") > 0.85

    async def shop(self) -> None:
        """Calls until the best arm is found, or so many times."""
        channels = [
            grpc.aio.insecure_channel(self.address, [("grpc.use_local_subchannel_pool", number)])
            for number in range(4)
        ]
        try:
            await asyncio.gather(*(self._calls(channels[number % 4]) for number in range(CONNECTIONS)))
            await self._pay(channels[0], len(self._owed))
        finally:
            for channel in channels:
                await channel.close()

    async def _calls(self, channel: grpc.aio.Channel) -> None:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)
        request = infer_request(ROUTER).SerializeToString()
        while sum(self.calls.values()) < CALLS and not self.has_found():
            facts = receipt(service_pb2.ModelInferResponse.FromString(await call(request, timeout=20)))
            self._note(facts)
            if len(self._owed) >= DELAY + BATCH:
                await self._pay(channel, BATCH)

    def _note(self, facts: dict[str, str]) -> None:
        variant = facts["variant"]
        self.calls[variant] += 1
        self.latest.append(variant)
        self.reasons[facts["reason"]] += 1
        if self.chance.random() >= MISSING:
            value = float(self.chance.random() < RATES[variant])
            self.rewards[variant] += 1
            self._owed.append(
                prediction_pb2.RecordFeedbackRequest(
                    prediction_id=facts["prediction_id"], metric="bought", value=value
                )
            )

    async def _pay(self, channel: grpc.aio.Channel, count: int) -> None:
        paid, self._owed = self._owed[:count], self._owed[count:]
        if not paid:
            return
        record = channel.unary_unary(
            "/pointsman.v1.PredictionService/BatchRecordFeedback",
            prediction_pb2.BatchRecordFeedbackRequest.SerializeToString,
            prediction_pb2.BatchRecordFeedbackResponse.FromString,
        )
        answer = await record(prediction_pb2.BatchRecordFeedbackRequest(feedback=paid), timeout=20)
        assert not [one.message for one in answer.results if one.code]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, backend: RecordingBackend) -> Path:
    """A data folder with the router, stopped; tests go on from each other's state."""
    folder = tmp_path_factory.mktemp("bandit")
    server = Server(folder)
    control = Control(server.grpc)
    for version in RATES:
        control.register("m", version, grpc_backend(backend.target, "m"))
    variants = [router_pb2.Variant(name=name, model_id="m", model_version=name) for name in RATES]
    router = router_pb2.Router(
        router_id=ROUTER,
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=variants,
        metrics=[router_pb2.MetricDefinition(name="bought", type=router_pb2.METRIC_TYPE_BINARY)],
        bandit=router_pb2.Bandit(metric="bought"),
        record_predictions=False,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(ROUTER)
    control.close()
    server.end()
    return folder


def arms(control: Control) -> dict[str, Any]:
    return {arm.variant: arm for arm in control.metrics(ROUTER).bandit.arms}


async def test_the_best_arm_gets_nearly_all_although_rewards_come_late_or_never(folder: Path) -> None:
    server = Server(folder)
    shoppers = Shoppers(server.grpc)
    await shoppers.shop()
    assert shoppers.has_found(), (shoppers.calls, shoppers.share("good"))
    assert set(shoppers.reasons) == {"bandit"}
    control = Control(server.grpc)
    known = arms(control)
    assert {name: arm.pulls for name, arm in known.items()} == dict(shoppers.calls)
    assert {name: arm.reward_count for name, arm in known.items()} == dict(shoppers.rewards)
    assert known["good"].mean == pytest.approx(0.8, abs=0.05)
    assert known["good"].best_probability > 0.99
    regret = control.metrics(ROUTER).bandit.regret
    even = sum(shoppers.calls.values()) * (0.8 - sum(RATES.values()) / 3)
    assert 0 < regret < even / 2

    control.close()
    server.end()
    server = Server(folder)
    control = Control(server.grpc)
    again = arms(control)
    assert {name: (arm.pulls, arm.reward_count, arm.mean) for name, arm in again.items()} == {
        name: (arm.pulls, arm.reward_count, arm.mean) for name, arm in known.items()
    }

    def good_share() -> float:
        router = control.routers.GetRouter(router_pb2.GetRouterRequest(router_id=ROUTER))
        return float({one.name: one.effective_share for one in router.variants}["good"])

    eventually(lambda: good_share() > 0.9, 20.0, "shares go on from what was learnt")
    control.close()
    server.end()


class Payment(threading.Thread):
    """Says that calls were worth something, one after the other, until the server is killed."""

    def __init__(self, control: Control, waiting: list[str]) -> None:
        super().__init__()
        self._control = control
        self._waiting = waiting
        self.acknowledged: list[str] = []
        self.is_cut = False

    def has_told(self, count: int) -> Callable[[], bool]:
        return lambda: len(self.acknowledged) >= count

    def run(self) -> None:
        for made in self._waiting:
            feedback = prediction_pb2.RecordFeedbackRequest(prediction_id=made, metric="bought", value=1)
            try:
                self._control.predictions.RecordFeedback(feedback)
            except grpc.RpcError:
                assert self.is_cut, "only a server that is killed does not answer"
                return
            self.acknowledged.append(made)


def test_rewards_that_were_acknowledged_count_once_through_kills(folder: Path) -> None:
    server = Server(folder)
    control = Control(server.grpc)
    before = {name: arm.reward_count for name, arm in arms(control).items()}
    owed = {}
    for _ in range(600):
        answer = infer_bytes(control.channel, infer_request(ROUTER).SerializeToString())
        facts = receipt(service_pb2.ModelInferResponse.FromString(answer))
        owed[facts["prediction_id"]] = facts["variant"]
    waiting = list(owed)
    for kill_after in (150, 100):
        payment = Payment(control, waiting)
        payment.start()
        eventually(payment.has_told(kill_after), 30.0, "some are told")
        payment.is_cut = True
        server.kill()
        payment.join()
        control.close()
        # Acknowledged ones are not said again; the one that was under way is.
        waiting = waiting[len(payment.acknowledged) :]
        server = Server(folder)
        control = Control(server.grpc)
    payment = Payment(control, waiting)
    payment.start()
    payment.join()
    assert payment.acknowledged == waiting
    counts = Counter(owed.values())
    expected = {name: before[name] + counts[name] for name in before}
    assert {name: arm.reward_count for name, arm in arms(control).items()} == expected
    control.close()
    server.end()


def test_an_outage_that_a_fallback_bridges_is_not_held_against_the_arm(tmp_path: Path) -> None:
    """Every call that an arm answers is worth 1 and said to be, but for the last: silence counts 0."""
    steady, dying = RecordingBackend(), RecordingBackend()
    server = Server(tmp_path)
    control = Control(server.grpc)
    for name, backend in (("up", steady), ("down", dying)):
        control.register("m", name, grpc_backend(backend.target, "m"))
    router = router_pb2.Router(
        router_id=ROUTER,
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[router_pb2.Variant(name=name, model_id="m", model_version=name) for name in ("up", "down")],
        metrics=[router_pb2.MetricDefinition(name="bought", type=router_pb2.METRIC_TYPE_BINARY)],
        bandit=router_pb2.Bandit(
            metric="bought", exploration_floor=1, feedback_window=Duration(seconds=1), missing_reward=0
        ),
        fallback=router_pb2.FALLBACK_ANY_HEALTHY,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(ROUTER)
    picks: Counter[str] = Counter()
    worth: Counter[str] = Counter()

    def call(*, silent: bool = False) -> str:
        answer = infer_bytes(control.channel, infer_request(ROUTER).SerializeToString())
        facts = receipt(service_pb2.ModelInferResponse.FromString(answer))
        picks[facts.get("decided_variant", facts["variant"])] += 1
        if facts["reason"] != "fallback" and not silent:
            worth[facts["variant"]] += 1
        if not silent:
            feedback = prediction_pb2.RecordFeedbackRequest(
                prediction_id=facts["prediction_id"], metric="bought", value=1
            )
            control.predictions.RecordFeedback(feedback)
        return facts["reason"]

    assert {call() for _ in range(40)} == {"bandit"}
    dying.close()
    gone = f'pointsman_backend_up{{backend="{dying.target}"}} 0'
    eventually(lambda: gone in server.get("/metrics")[1], 30.0, "the loss shows")
    diverted = [call() for _ in range(80)].count("fallback")
    assert diverted > 10
    while call(silent=True) == "fallback":
        pass

    def known() -> dict[str, tuple[int, float]]:
        return {name: (arm.pulls, arm.reward_count) for name, arm in arms(control).items()}

    # Once the silent call of the last counts as missing, so would all before it.
    expected = {"up": (picks["up"], worth["up"] + 1), "down": (picks["down"], worth["down"])}
    eventually(lambda: known() == expected, 20.0, "what is missing counts")
    server.kill()
    control.close()
    server = Server(tmp_path)
    control = Control(server.grpc)
    assert known() == expected
    learnt = arms(control)
    assert learnt["down"].mean == pytest.approx((1 + worth["down"]) / (2 + worth["down"]))
    assert learnt["up"].mean == pytest.approx((1 + worth["up"]) / (3 + worth["up"]))
    control.close()
    server.end()
    steady.close()
