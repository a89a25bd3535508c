"""What reaches a backend and what comes back: every byte but the names, time, and nothing secret."""

import struct
import threading
import time
from typing import Any

import grpc
import pytest
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2
from stage.control import Control
from stage.oip import UNLIMITED, field, framed, infer, infer_bytes, infer_request, receipt, varint
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend
from stage.scripted_backend import Exchange, ScriptedBackend, echo
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

MEBIBYTE = 1 << 20
MICROSECOND = 1e-6


@pytest.fixture(scope="module")
def channel(server: Server) -> Any:
    with grpc.insecure_channel(server.grpc, UNLIMITED) as channel:
        yield channel


UNKNOWN_FIELDS = (
    varint(1000 << 3)
    + varint(5)
    + varint(1001 << 3 | 1)
    + struct.pack("<d", 2.5)
    + varint(1002 << 3 | 5)
    + struct.pack("<f", 1.5)
    + field(1003, b"unknown")
)


@pytest.mark.parametrize("size", [8, 100_000])
def test_every_byte_but_the_names_survives(
    channel: Any, router: str, good: RecordingBackend, size: int
) -> None:
    request = infer_request("", b"y" * size, id="mine")
    request.parameters["double"].double_param = 0.1
    request.parameters["uint64"].uint64_param = 2**64 - 1
    request.parameters["int64"].int64_param = -5
    request.inputs[0].parameters["inner"].double_param = -0.0
    rest = request.SerializeToString(deterministic=True)
    message = field(1, router.encode()) + field(2, b"good") + UNKNOWN_FIELDS + rest + UNKNOWN_FIELDS
    infer_bytes(channel, message)
    assert good.seen[0].message == field(1, b"m") + UNKNOWN_FIELDS + rest + UNKNOWN_FIELDS


def test_fields_in_another_order_survive(channel: Any, router: str, good: RecordingBackend) -> None:
    request = infer_request("", id="mine")
    rest = request.SerializeToString()
    infer_bytes(channel, field(3, b"early") + field(2, b"good") + field(1, router.encode()) + rest)
    seen = good.seen[0]
    assert seen.request.model_name == "m"
    assert seen.request.model_version == ""
    assert seen.message.endswith(rest)
    assert field(3, b"early") in seen.message


def test_unknown_fields_of_the_answer_survive(channel: Any, router: str, bad: ScriptedBackend) -> None:
    response = service_pb2.ModelInferResponse(model_name="own", model_version="7", id="mine")
    response.parameters["double"].double_param = 0.1
    response.parameters["uint64"].uint64_param = 2**64 - 1
    sent = UNKNOWN_FIELDS + response.SerializeToString() + UNKNOWN_FIELDS
    bad.script = lambda exchange: exchange.answer(sent)
    answer = infer_bytes(channel, infer_request(router, model_version="bad").SerializeToString())
    assert answer.startswith(sent)
    parsed = service_pb2.ModelInferResponse.FromString(answer)
    assert parsed.parameters["uint64"].uint64_param == 2**64 - 1
    assert (parsed.model_name, parsed.model_version, parsed.id) == ("own", "7", "mine")
    assert receipt(parsed)["variant"] == "bad"


@pytest.mark.parametrize("size", [MEBIBYTE, 10 * MEBIBYTE])
def test_large_tensors_are_intact_both_ways(
    channel: Any, router: str, good: RecordingBackend, size: int
) -> None:
    payload = bytes(range(256)) * (size // 256)
    response = infer(channel, infer_request(router, payload, model_version="good", id="large"), timeout=60)
    assert good.seen[0].request.raw_input_contents[0] == payload
    assert response.raw_output_contents[0] == payload
    assert response.id == "large"
    assert set(receipt(response)) == {"prediction_id", "variant", "propensity", "reason", "generation"}
    assert receipt(response)["variant"] == "good"


def test_large_messages_of_many_clients_do_not_mix(server: Server, router: str) -> None:
    failures: list[str] = []

    def work(letter: bytes) -> None:
        with grpc.insecure_channel(server.grpc, [*UNLIMITED, ("grpc.use_local_subchannel_pool", 1)]) as own:
            for _ in range(5):
                payload = letter * MEBIBYTE
                request = infer_request(router, payload, model_version="good")
                if infer(own, request, timeout=60).raw_output_contents[0] != payload:
                    failures.append(letter.decode())

    workers = [threading.Thread(target=work, args=(letter,)) for letter in (b"a", b"b", b"c", b"d")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


def test_metadata_goes_on_but_credentials_and_forged_facts_do_not(
    channel: Any, router: str, good: RecordingBackend
) -> None:
    metadata = (
        ("authorization-note", "kept"),
        ("x-request-id", "request-1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("x-custom-bin", b"\x00\xff"),
        ("x-pointsman-user", "root"),
        ("x-pointsman-admin", "true"),
        ("x-pointsman-anything", "1"),
    )
    infer(channel, infer_request(router, model_version="good"), metadata=metadata)
    seen = good.seen[0].metadata
    assert seen["x-request-id"] == "request-1"
    assert seen["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c")
    assert seen["authorization-note"] == "kept"
    assert seen["x-custom-bin"] == str(b"\x00\xff")
    assert not [name for name in seen if name.startswith("x-pointsman-")]
    assert "authorization" not in seen
    assert "x-api-key" not in seen


def test_call_without_a_request_id_gets_one(channel: Any, router: str, good: RecordingBackend) -> None:
    infer(channel, infer_request(router, model_version="good"))
    assert good.seen[0].metadata["x-request-id"]


def test_forged_principal_does_not_reach_the_control_plane(control: Control, router: str) -> None:
    from pointsman.v1 import router_pb2

    got = control.routers.GetRouter(
        router_pb2.GetRouterRequest(router_id=router), metadata=(("x-pointsman-user", "mallory"),)
    )
    assert got.owner == "local"
    listed = control.routers.ListRouters(
        router_pb2.ListRoutersRequest(),
        metadata=(("x-pointsman-admin", "false"), ("x-pointsman-scopes", "")),
    )
    assert listed.routers


@pytest.fixture
def deadlines(bad: ScriptedBackend) -> list[float]:
    """The seconds that each call to the scripted backend has, to the microsecond."""
    named: list[float] = []

    def note(exchange: Exchange) -> None:
        timeout = exchange.metadata["grpc-timeout"]
        assert timeout.endswith("u"), timeout
        named.append(int(timeout[:-1]) / 1e6)
        echo(exchange)

    bad.script = note
    return named


def test_deadline_goes_on_less_the_time_spent(client: RawClient, router: str, deadlines: list[float]) -> None:
    request = framed(infer_request(router, model_version="bad").SerializeToString())
    other = framed(infer_request(router, model_version="good").SerializeToString())
    half = len(request) // 2
    opened = time.monotonic()
    stream = client.open(metadata=[("grpc-timeout", "60S")])
    client.send(stream, request[:half])
    # Calls of a connection begin in their order: the first has begun when the next is answered.
    assert client.call(other).status == 0
    begun = time.monotonic()
    for _ in range(20):
        assert client.call(other).status == 0
    went_on = time.monotonic()
    client.send(stream, request[half:], end=True)
    assert client.answer(stream).status == 0
    (left,) = deadlines
    assert 60 - (time.monotonic() - opened) - MICROSECOND <= left <= 60 - (went_on - begun)


@pytest.mark.parametrize("timeout", ["60S", "60000m", "60000000u"])
def test_deadline_goes_on_in_every_unit(
    client: RawClient, router: str, deadlines: list[float], timeout: str
) -> None:
    request = framed(infer_request(router, model_version="bad").SerializeToString())
    opened = time.monotonic()
    assert client.call(request, metadata=[("grpc-timeout", timeout)]).status == 0
    (left,) = deadlines
    assert 60 - (time.monotonic() - opened) - MICROSECOND <= left <= 60


def test_server_brings_a_deadline_where_the_client_has_none(
    client: RawClient, router: str, deadlines: list[float]
) -> None:
    request = framed(infer_request(router, model_version="bad").SerializeToString())
    opened = time.monotonic()
    assert client.call(request).status == 0
    (left,) = deadlines
    assert 30 - (time.monotonic() - opened) - MICROSECOND <= left <= 30


def test_cancelled_call_is_cancelled_at_the_backend(
    channel: Any, router: str, good: RecordingBackend
) -> None:
    release = threading.Event()
    entered = threading.Event()

    def slow(_: bytes, context: grpc.ServicerContext) -> bytes:
        entered.set()
        context.add_callback(release.set)
        assert release.wait(20)
        return b""

    good.behaviour = slow
    request = infer_request(router, model_version="good").SerializeToString()
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer").future(request, timeout=60)
    assert entered.wait(10)
    call.cancel()
    assert release.wait(10), "the backend was not told"
    assert call.cancelled()


def test_client_that_goes_away_cancels_its_calls(server: Server, router: str, bad: ScriptedBackend) -> None:
    bad.script = lambda _: None
    request = framed(infer_request(router, model_version="bad").SerializeToString())
    with RawClient(server.grpc) as client:
        for _ in range(3):
            client.send(client.open(), request, end=True)
        eventually(lambda: bad.calls == 3)
    for _ in range(3):
        assert bad.reset_streams.acquire(timeout=10), "the backend was not told"


def test_cancelled_call_leaves_the_connection_to_others(
    client: RawClient, router: str, bad: ScriptedBackend
) -> None:
    held: list[Exchange] = []
    bad.script = held.append
    request = framed(infer_request(router, model_version="bad").SerializeToString())
    given_up, kept = client.open(), client.open()
    client.send(given_up, request, end=True)
    client.send(kept, request, end=True)
    eventually(lambda: len(held) == 2)
    client.cancel(given_up)
    assert bad.reset_streams.acquire(timeout=10)
    for exchange in held:
        if exchange.connection.streams[exchange.stream].open:
            exchange.answer(b"")
    assert client.answer(kept).status == 0


def test_predict_goes_on_with_deadline_and_request_id(
    control: Control, router_id: str, good: RecordingBackend
) -> None:
    from pointsman.v1 import model_pb2
    from stage.control import grpc_backend

    takes = model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="x", datatype="FP64", shape=[-1, 1], features=["a"])],
        outputs=[model_pb2.TensorSpec(name="x", datatype="FP64", shape=[-1, 1])],
    )
    for version in ("one", "two"):
        control.register(router_id, version, grpc_backend(good.target, "m"), signature=takes)
    control.create(router_id, {"one": 50, "two": 50}, router_id)
    control.deploy(router_id)
    request = prediction_pb2.PredictRequest(router_id=router_id)
    request.features["a"].number_value = 2.5
    metadata = (("x-request-id", "request-2"), ("x-pointsman-user", "root"))
    asked = time.monotonic()
    answer = control.predictions.Predict(request, timeout=60, metadata=metadata)
    took = time.monotonic() - asked
    assert answer.prediction.number_value == 2.5
    seen = good.seen[0]
    assert seen.metadata["x-request-id"] == "request-2"
    assert "x-pointsman-user" not in seen.metadata
    # gRPC rounds deadlines up, by two hundredths at most.
    assert 60 - took <= seen.seconds_left <= 1.02 * 60
    assert struct.unpack("<d", seen.request.raw_input_contents[0]) == (2.5,)
