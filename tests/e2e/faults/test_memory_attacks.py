"""Attacks on memory and places, each beside honest clients that call every 50 ms and are served meanwhile."""

import contextlib
import functools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
import pytest

from pointsman.v1 import key_pb2, router_pb2
from stage import honest_client
from stage.backend_process import BackendProcess
from stage.control import Control
from stage.honest_client import HonestClient, withstands
from stage.oip import INFER, framed
from stage.raw_client import RawClient
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]

READ, WRITE, PREDICT = key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT
BUDGET_BYTES = 256 << 20
HOLD_SECONDS = 4.0
"""How long an attack stays once it has sent what it has."""
BURST_HOLD_SECONDS = 10.0
"""As long as attacks take that send much: two of a hundred calls do not tell what one in a hundred takes."""

REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
HEALTH = "/grpc.health.v1.Health/Check"
LIST_ROUTERS = "/pointsman.v1.RouterService/ListRouters"
REGISTER = "/pointsman.v1.ModelService/RegisterModelVersion"

INFERRING, INFERRING_MUCH, ASKING_HEALTH, ADMINISTRATING = "infer", "infer much", "health", "administrate"
LIVEZ, READYZ = "livez", "readyz"
"""The honest clients."""

PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED.value[0]


@dataclass
class Besieged:
    """A server that asks for keys, a router, a key for each scope, and clients that rest between attacks."""

    server: Server
    keys: dict[int, str]
    _clients: dict[str, HonestClient] = field(default_factory=dict)

    def withstands(self, attack: Callable[[], object], *names: str) -> None:
        """Insists that clients are served while somebody attacks."""
        # All at once, for each takes a second to start.
        asking = [self._client(name) for name in names]
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(client) for client in asking]
            withstands(attack, clients, self.server.process.pid, BUDGET_BYTES)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, name: str) -> HonestClient:
        if name not in self._clients:
            self._clients[name] = HonestClient(self._ask(name))
        return self._clients[name]

    def _ask(self, name: str) -> Callable[[], Any]:
        unary = functools.partial(honest_client.unary, self.server.grpc)
        infer = functools.partial(honest_client.infer, self.server.grpc, "r", key=self.keys[PREDICT])
        get = functools.partial(honest_client.get, f"http://{self.server.http}/{name}")
        routers = router_pb2.ListRoutersRequest().SerializeToString()
        return {
            INFERRING: infer,
            INFERRING_MUCH: functools.partial(infer, size=100_000, gzip=True),
            ASKING_HEALTH: functools.partial(unary, HEALTH),
            ADMINISTRATING: functools.partial(unary, LIST_ROUTERS, routers, key=self.keys[READ]),
            LIVEZ: get,
            READYZ: get,
        }[name]


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    server = Server(tmp_path_factory.mktemp("besieged"), settings={"threads": "2"}, is_fork=False)
    # Of a process of its own: an attack takes all the time of the one that it comes from.
    backend = BackendProcess()
    anybody = Control(server.grpc)
    request = key_pb2.CreateApiKeyRequest(user_id="root", admin=True)
    admin = Control(server.grpc, anybody.keys.CreateApiKey(request).secret)
    anybody.close()

    def key(user_id: str, *scopes: key_pb2.Scope) -> str:
        secret: str = admin.keys.CreateApiKey(
            key_pb2.CreateApiKeyRequest(user_id=user_id, scopes=scopes)
        ).secret
        return secret

    owner = Control(server.grpc, key("owner", READ, WRITE, PREDICT))
    permissions = router_pb2.RouterPermissions(public=True, public_predict=True)
    owner.route("r", {"a": backend.target, "b": backend.target}, permissions=permissions)
    owner.close()
    besieged = Besieged(server, {scope: key(f"user-{scope}", scope) for scope in (READ, WRITE, PREDICT)})
    yield besieged
    besieged.close()
    admin.close()
    backend.close()
    server.end()


class Attacker:
    """Opens streams on connections of its own, which all end with it."""

    def __init__(self, address: str, key: str = "", connections: int = 4) -> None:
        self._metadata = [("x-api-key", key)] if key else []
        self._clients = [RawClient(address) for _ in range(connections)]
        self._streams: list[tuple[RawClient, int]] = []

    def send(self, path: str, data: bytes, *metadata: tuple[str, str]) -> None:
        """Begins a message and leaves it there."""
        client = self._clients[len(self._streams) % len(self._clients)]
        with contextlib.suppress(ConnectionError):
            stream = client.open(path, [*self._metadata, *metadata])
            self._streams.append((client, stream))
            client.send(stream, data)

    def hold(self) -> list[int]:
        """Stays, and answers the statuses that it got meanwhile."""
        time.sleep(HOLD_SECONDS)
        statuses = []
        for client, stream in self._streams:
            with contextlib.suppress(AssertionError, OSError, TimeoutError):
                statuses.append(client.answer(stream).status)
        return statuses

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()


@pytest.mark.parametrize("path", [REFLECTION, HEALTH])
def test_unfinished_messages_of_4_mb_without_a_key(besieged: Besieged, path: str) -> None:
    def attack() -> None:
        with Attacker(besieged.server.grpc) as attacker:
            for _ in range(400):
                attacker.send(path, framed(bytes(4_000_000), length=4_000_001))
            time.sleep(HOLD_SECONDS)

    besieged.withstands(attack, INFERRING, ASKING_HEALTH)


@pytest.mark.parametrize("path", [REFLECTION, HEALTH])
def test_unfinished_messages_as_long_as_is_allowed_without_a_key(besieged: Besieged, path: str) -> None:
    def attack() -> None:
        with Attacker(besieged.server.grpc, connections=8) as attacker:
            for _ in range(2_000):
                attacker.send(path, framed(bytes(60_000), length=60_001))
            time.sleep(HOLD_SECONDS)

    besieged.withstands(attack, INFERRING, ASKING_HEALTH)


def test_administrative_messages_of_a_key_that_may_only_predict(besieged: Besieged) -> None:
    def attack() -> None:
        with Attacker(besieged.server.grpc, besieged.keys[PREDICT]) as attacker:
            for _ in range(100):
                attacker.send(REGISTER, framed(bytes(15_999_999), length=16_000_000))
            statuses = attacker.hold()
            assert statuses == [PERMISSION_DENIED] * 100

    besieged.withstands(attack, INFERRING, ADMINISTRATING)


def test_streams_that_announce_much_and_send_little(besieged: Besieged) -> None:
    def attack() -> None:
        with Attacker(besieged.server.grpc, besieged.keys[PREDICT]) as attacker:
            for _ in range(400):
                attacker.send(INFER, framed(b"five!", length=16 << 20), ("grpc-encoding", "gzip"))
            time.sleep(HOLD_SECONDS)

    besieged.withstands(attack, INFERRING_MUCH)


@pytest.mark.parametrize("scope", [PREDICT, READ])
def test_unfinished_administrative_calls_on_one_connection(besieged: Besieged, scope: int) -> None:
    def attack() -> None:
        with Attacker(besieged.server.grpc, besieged.keys[scope], connections=1) as attacker:
            for _ in range(600):
                attacker.send(LIST_ROUTERS, framed(b"", length=100)[:-1])
            time.sleep(HOLD_SECONDS)

    besieged.withstands(attack, ADMINISTRATING, INFERRING)


def test_half_requests_at_the_http_port(besieged: Besieged) -> None:
    host, port = besieged.server.http.rsplit(":", 1)

    def attack() -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(1_000):
                half = stack.enter_context(socket.create_connection((host, int(port)), 10))
                with contextlib.suppress(ConnectionError):
                    half.sendall(b"GET /livez HTTP/1.1\r\nhost: 127")
            time.sleep(BURST_HOLD_SECONDS)

    besieged.withstands(attack, LIVEZ, READYZ, INFERRING)
