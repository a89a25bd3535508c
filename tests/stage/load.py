"""Calls on many connections without a pause, each with what its receipt said and when it was made."""

import asyncio
import math
import time
from dataclasses import dataclass, field

import grpc
import grpc.aio
from tritonclient.grpc import service_pb2

from .oip import INFER, infer_request, receipt


@dataclass(frozen=True)
class Made:
    """One call that was answered."""

    started: float
    entity_id: str
    variant: str
    generation: int


@dataclass
class Load:
    """Calls a router on connections of its own until told to stop.

    Args:
        address: The server.
        router_id: The router.
        connections: How many connections, each with one call at a time.
        entities: How many entities the calls are for, in turn.
        most: Calls after which it stops by itself.
    """

    address: str
    router_id: str
    connections: int
    entities: int
    most: float = math.inf
    made: list[Made] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _is_ended: bool = False

    def stop(self) -> None:
        """Lets every connection end after its call."""
        self._is_ended = True

    def has_made(self, more_than: int) -> bool:
        """Whether more calls than so many were answered."""
        return len(self.made) > more_than

    async def run(self) -> None:
        """Calls until stopped."""
        await asyncio.gather(*(self._call_on(number) for number in range(self.connections)))

    async def _call_on(self, connection: int) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        request = infer_request(self.router_id).SerializeToString()
        async with grpc.aio.insecure_channel(self.address, options) as channel:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(INFER)
            number = connection
            while not self._is_ended and len(self.made) + len(self.failures) < self.most:
                entity_id = f"e{number % self.entities}"
                number += 7
                await self._call(call, request, entity_id)

    async def _call(
        self, call: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]", request: bytes, entity_id: str
    ) -> None:
        started = time.monotonic()
        try:
            answer = await call(request, metadata=(("pointsman-entity-id", entity_id),), timeout=20)
        except grpc.RpcError as error:
            self.failures.append(str(error))
            return
        facts = receipt(service_pb2.ModelInferResponse.FromString(answer))
        self.made.append(Made(started, entity_id, facts["variant"], int(facts["generation"])))
