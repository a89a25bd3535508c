"""A plain gRPC client that makes so many calls and counts what came of them."""

import asyncio
import time
from dataclasses import dataclass

import grpc
import grpc.aio
from benches.orderly_ends.messages import INFER, build_request

CALLERS = 32
CALL_SECONDS = 30.0


@dataclass(frozen=True)
class Sample:
    """What one round showed."""

    calls: int
    failed: int
    seconds: float
    first_failure: str

    @property
    def calls_per_second(self) -> float:
        """The throughput: what failed is no part of it."""
        return (self.calls - self.failed) / self.seconds


def make_calls(address: str, model: str, calls: int) -> Sample:
    """Makes calls over one channel of its own, 32 at a time, none of them twice.

    Args:
        address: What to call.
        model: The name to call it by.
        calls: How many.

    Returns:
        How many failed, a wrong answer included, and how long all of them took.
    """
    return asyncio.run(_make_calls(address, model, calls))


async def _make_calls(address: str, model: str, calls: int) -> Sample:
    numbers = iter(range(calls))
    failures: list[str] = []
    # What the library retries by itself (calls that never left) is part of a plain client.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options) as channel:
        infer: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)

        async def call_on() -> None:
            for number in numbers:
                request, call_id = build_request(model, number)
                try:
                    answer = await infer(request, timeout=CALL_SECONDS)
                except grpc.aio.AioRpcError as error:
                    failures.append(f"{error.code().name}: {error.details()}")
                else:
                    if call_id not in answer:
                        failures.append("the answer is another call's")

        # The first connection is made before the clock runs.
        await channel.channel_ready()
        started = time.monotonic()
        await asyncio.gather(*(call_on() for _ in range(CALLERS)))
        seconds = time.monotonic() - started
    return Sample(calls, len(failures), seconds, failures[0] if failures else "")
