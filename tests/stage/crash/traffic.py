"""Calls of every kind at a server that may die at any moment; notes what was sent and what was answered."""

import asyncio
import random
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf import struct_pb2
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, prediction_pb2_grpc, router_pb2, router_pb2_grpc
from stage.oip import INFER, receipt

from .backend import FEATURES
from .oracle import REWARD
from .told import Key, Prediction, Sent, Told

METRICS = (REWARD, "clicks")
TIMEOUT_SECONDS = 20.0
READ_PAUSE_SECONDS = 0.04
RECENT = 50


def infer_bytes(router_id: str, rows: int) -> bytes:
    """A ModelInfer call for so many rows."""
    request = service_pb2.ModelInferRequest(model_name=router_id)
    request.inputs.add(name="x", datatype="FP32", shape=[rows, len(FEATURES)])
    values = [float(number) for number in range(rows * len(FEATURES))]
    request.raw_input_contents.append(struct.pack(f"<{len(values)}f", *values))
    message: bytes = request.SerializeToString()
    return message


@dataclass
class Traffic:
    """The callers of one life of the server.

    Attributes:
        told: Where calls and answers are noted.
        router_ids: The routers.
        random: What the callers draw from.
        waits: Whether some feedback waits until it is applied.
        failures: When calls failed, and how.
        read_count: Reads that were answered.
    """

    told: Told
    router_ids: Sequence[str]
    random: random.Random
    waits: bool = True
    failures: list[tuple[float, str]] = field(default_factory=list)
    read_count: int = 0
    _is_ended: bool = False
    _recent: list[Prediction] = field(default_factory=list)
    _every: list[Prediction] = field(default_factory=list)

    async def run(self, address: str) -> None:
        """Calls until the server dies or :meth:`end` is called."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(address, options) as channel:
            infer: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)
            predictions = prediction_pb2_grpc.PredictionServiceStub(channel)
            routers = router_pb2_grpc.RouterServiceStub(channel)
            callers = [self._repeat(self._read, routers)]
            for router_id in self.router_ids:
                callers.append(self._repeat(self._infer, infer, router_id))
                callers.append(self._repeat(self._infer, infer, router_id))
                callers.append(self._repeat(self._predict, predictions, router_id))
            callers += [self._repeat(self._feed_back, predictions) for _ in range(3)]
            async with asyncio.TaskGroup() as group:
                for caller in callers:
                    group.create_task(caller)

    def end(self) -> None:
        """Lets every caller end after its call."""
        self._is_ended = True

    async def _repeat(self, call: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        while not self._is_ended:
            try:
                await call(*arguments)
            except grpc.RpcError as error:
                self.failures.append((time.monotonic(), str(error)))
                # The one that sees it first ends the others: the server is dead.
                self._is_ended = True

    async def _infer(self, infer: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]", router_id: str) -> None:
        rows = self.random.choice((1, 1, 1, 3))
        entity = (("pointsman-entity-id", f"e{self.random.randrange(200)}"),)
        sent = time.monotonic()
        answer = await infer(infer_bytes(router_id, rows), metadata=entity, timeout=TIMEOUT_SECONDS)
        facts = receipt(service_pb2.ModelInferResponse.FromString(answer))
        self._note(facts["prediction_id"], router_id, facts["variant"], rows, sent)

    async def _predict(self, stub: Any, router_id: str) -> None:
        pinned = self.random.random() < 0.1
        features = {name: struct_pb2.Value(number_value=1.5) for name in FEATURES}
        request = prediction_pb2.PredictRequest(
            router_id=router_id, features=features, variant="a" if pinned else ""
        )
        sent = time.monotonic()
        answer = await stub.Predict(request, timeout=TIMEOUT_SECONDS)
        self._note(answer.prediction_id, router_id, answer.variant, 1, sent, pinned=pinned)

    def _note(
        self,
        prediction_id: str,
        router_id: str,
        variant: str,
        rows: int,
        sent: float,
        *,
        pinned: bool = False,
    ) -> None:
        answered, life = time.monotonic(), self.told.life
        made = Prediction(prediction_id, router_id, variant, rows, pinned, sent, answered, life)
        assert prediction_id not in self.told.predictions, f"{prediction_id} was given twice"
        self.told.predictions[prediction_id] = made
        self._recent = [*self._recent[1 - RECENT :], made]

    async def _feed_back(self, stub: Any) -> None:
        waits = self.waits and self.random.random() < 0.2
        wait = prediction_pb2.FEEDBACK_WAIT_APPLIED if waits else prediction_pb2.FEEDBACK_WAIT_DURABLE
        if self.random.random() < 0.2:
            await self._feed_batch(stub, wait)
            return
        key = self._choose_key()
        if key is None:
            # A pace: the loop shall not spin while there is nothing yet to give feedback for.
            await asyncio.sleep(0.001)
            return
        # Now and then two values for a key at the same time: either may be the first.
        values = {self._choose_value(key) for _ in range(self.random.choice((1, 1, 1, 2)))}
        await asyncio.gather(*(self._feed_one(stub, key, value, wait) for value in values))

    async def _feed_one(self, stub: Any, key: Key, value: float, wait: prediction_pb2.FeedbackWait) -> None:
        sent = self.told.send(key, value, time.monotonic())
        request = prediction_pb2.RecordFeedbackRequest(
            prediction_id=key[0], row=key[1], metric=key[2], value=value, wait=wait
        )
        answer = await stub.RecordFeedback(request, timeout=TIMEOUT_SECONDS)
        _acknowledge(sent, answer.outcome)

    async def _feed_batch(self, stub: Any, wait: prediction_pb2.FeedbackWait) -> None:
        keys = {key for _ in range(self.random.randrange(2, 20)) if (key := self._choose_key())}
        chosen = [(key, self._choose_value(key)) for key in sorted(keys)]
        now = time.monotonic()
        noted = [self.told.send(key, value, now) for key, value in chosen]
        request = prediction_pb2.BatchRecordFeedbackRequest(wait=wait)
        for key, value in chosen:
            request.feedback.add(prediction_id=key[0], row=key[1], metric=key[2], value=value)
        answer = await stub.BatchRecordFeedback(request, timeout=TIMEOUT_SECONDS)
        for sent, result in zip(noted, answer.results, strict=True):
            assert result.code == 0, result.message
            _acknowledge(sent, result.outcome)

    def _choose_key(self) -> Key | None:
        """A prediction of just now, or of any life."""
        if not self._recent:
            return None
        made = self.random.choice(self._recent)
        if self.random.random() < 0.3:
            made = self._any_prediction()
        return (made.prediction_id, self.random.randrange(made.row_count), self.random.choice(METRICS))

    def _any_prediction(self) -> Prediction:
        if len(self._every) < len(self.told.predictions):
            known = list(self.told.predictions.values())
            self._every.extend(known[len(self._every) :])
        return self.random.choice(self._every)

    def _choose_value(self, key: Key) -> float:
        """A new value, or for a key that was used an exact repetition in half of the cases."""
        before = self.told.feedback.get(key)
        if before and self.random.random() < 0.5:
            return before[0].value
        return float(self.random.randrange(10))

    async def _read(self, stub: Any) -> None:
        # A pace: reads cost more than calls, and come seldom between them.
        await asyncio.sleep(READ_PAUSE_SECONDS)
        if not self._recent:
            return
        made = self._recent[-1]
        router_id = made.router_id
        # Drawn, for few lives are long enough to come to the last of three in turn.
        kind = self.random.randrange(3)
        if kind == 0:
            one = router_pb2.GetPredictionRequest(router_id=router_id, prediction_id=made.prediction_id)
            found = await stub.GetPrediction(one, timeout=TIMEOUT_SECONDS)
            assert (found.variant, found.row_count) == (made.variant, made.row_count), made
        elif kind == 1:
            page = router_pb2.ListPredictionsRequest(router_id=router_id, page_size=20)
            await stub.ListPredictions(page, timeout=TIMEOUT_SECONDS)
        else:
            window = router_pb2.GetRouterMetricsRequest(router_id=router_id)
            window.start_time.FromSeconds(int(time.time()) - 60)
            await stub.GetRouterMetrics(window, timeout=TIMEOUT_SECONDS)
        self.read_count += 1


def _acknowledge(sent: Sent, outcome: int) -> None:
    sent.acknowledged = time.monotonic()
    if outcome != prediction_pb2.FEEDBACK_OUTCOME_RECORDED:
        sent.outcome = outcome
