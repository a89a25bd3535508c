"""Predictions and feedback at a steady rate, whatever the server's state; every answer timed or noted.

``python -m stage.crash.steady ADDRESS ROUTER`` calls until its input ends, then writes what came of it: a
process of its own, for nothing else may take its time while it measures.
"""

import asyncio
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, prediction_pb2_grpc
from stage.oip import INFER, receipt

from .told import Prediction, Told
from .traffic import infer_bytes

PREDICTIONS_PER_SECOND = 150
VALUES_PER_SECOND = 50
TIMEOUT_SECONDS = 10.0
END_SECONDS = 60.0


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        told: Calls and answers.
        latencies: When each prediction was answered, and how long it took.
        failures: Calls that failed, and when.
    """

    told: Told = field(default_factory=Told)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)


class SteadyProcess:
    """The process, until it is asked for what came of it."""

    def __init__(self, address: str, router_id: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stage.crash.steady", address, router_id],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def end(self) -> Outcome:
        """Ends it and answers what came of it."""
        written, _ = self._process.communicate(timeout=END_SECONDS)
        outcome: Outcome = pickle.loads(written)
        return outcome

    def close(self) -> None:
        """Ends it, whatever came of it."""
        self._process.kill()
        self._process.communicate()


@dataclass
class Steady(Outcome):
    """Calls at a steady rate.

    Attributes:
        address: The server.
        router_id: The router.
    """

    address: str = ""
    router_id: str = ""
    _made: list[Prediction] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(5))
    _is_ended: bool = False

    def end(self) -> None:
        """Makes no further calls."""
        self._is_ended = True

    async def run(self) -> None:
        """Calls until :meth:`end`, then waits for the answers."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(self.address, options) as channel:
            infer: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)
            feedback = prediction_pb2_grpc.PredictionServiceStub(channel)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pace(PREDICTIONS_PER_SECOND, lambda: self._infer(infer)))
                group.create_task(self._pace(VALUES_PER_SECOND, lambda: self._feed_back(feedback)))

    async def _pace(self, per_second: int, call: Callable[[], Awaitable[None]]) -> None:
        async with asyncio.TaskGroup() as group:
            due = time.monotonic()
            while not self._is_ended:
                group.create_task(self._try(call))
                due += 1 / per_second
                # The pace of the load, whether or not calls are answered.
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _try(self, call: Callable[[], Awaitable[None]]) -> None:
        try:
            await call()
        except grpc.RpcError as error:
            self.failures.append((time.monotonic(), str(error)))

    async def _infer(self, infer: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]") -> None:
        began = time.monotonic()
        answer = await infer(infer_bytes(self.router_id, 1), timeout=TIMEOUT_SECONDS)
        answered = time.monotonic()
        self.latencies.append((answered, answered - began))
        facts = receipt(service_pb2.ModelInferResponse.FromString(answer))
        prediction_id, variant = facts["prediction_id"], facts["variant"]
        made = Prediction(prediction_id, self.router_id, variant, 1, False, began, answered, 0)
        self.told.predictions[prediction_id] = made
        self._made.append(made)

    async def _feed_back(self, stub: Any) -> None:
        """Brings a first value, or for one in four a value for a prediction of any time."""
        if not self._made:
            return
        made = self._made[-1] if self._random.random() < 0.75 else self._random.choice(self._made)
        value = float(self._random.randrange(10))
        sent = self.told.send((made.prediction_id, 0, "reward"), value, time.monotonic())
        request = prediction_pb2.RecordFeedbackRequest(prediction_id=made.prediction_id, value=value)
        await stub.RecordFeedback(request, timeout=TIMEOUT_SECONDS)
        sent.acknowledged = time.monotonic()


async def main(address: str, router_id: str) -> None:
    """Calls until the input ends."""
    steady = Steady(address=address, router_id=router_id)
    calling = asyncio.create_task(steady.run())
    await asyncio.to_thread(sys.stdin.read)
    steady.end()
    await calling
    pickle.dump(Outcome(steady.told, steady.latencies, steady.failures), sys.stdout.buffer)


if __name__ == "__main__":
    # By its own name, under which the one who reads it knows it.
    from stage.crash.steady import main as run

    asyncio.run(run(*sys.argv[1:]))
