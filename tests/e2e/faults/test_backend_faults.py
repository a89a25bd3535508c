"""Backends that refuse, hang, die or answer nonsense: their own calls fail clearly, nobody else's do."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from stage.control import Control
from stage.oip import framed, infer_request
from stage.raw_client import RawAnswer, RawClient
from stage.recording_backend import RecordingBackend
from stage.scripted_backend import GOOD_HEADERS, Exchange, RawBackend, Script, ScriptedBackend, echo
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.value[0]
UNKNOWN = grpc.StatusCode.UNKNOWN.value[0]
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
OK = 0


def call(
    client: RawClient, router: str, variant: str, payload: bytes = b"x" * 8, **options: Any
) -> RawAnswer:
    request = infer_request(router, payload, model_version=variant)
    return client.call(framed(request.SerializeToString()), **options)


def dies_at_once(exchange: Exchange) -> None:
    exchange.die()


def dies_after_headers(exchange: Exchange) -> None:
    exchange.headers()
    exchange.die()


def dies_inside_the_message(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"x" * 1000)[:500])
    exchange.die()


def resets(exchange: Exchange) -> None:
    exchange.reset()


def resets_inside_the_message(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"x" * 1000)[:500])
    exchange.reset()


def answers_text(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(b"<html>no gRPC here</html>")
    exchange.trailers()


def answers_a_web_page(exchange: Exchange) -> None:
    exchange.headers(((":status", "200"), ("content-type", "text/html")))
    exchange.data(b"<html>no gRPC here</html>", end=True)


def answers_http_404(exchange: Exchange) -> None:
    exchange.headers(((":status", "404"), ("content-type", "text/plain")))
    exchange.data(b"not found", end=True)


def claims_more_than_it_sends(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"x" * 10, length=100))
    exchange.trailers()


def claims_less_than_it_sends(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"x" * 100, length=10))
    exchange.trailers()


def claims_four_gigabytes(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"x", length=2**32 - 1))
    exchange.trailers()


def sends_half_a_prefix(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(b"\0\0")
    exchange.trailers()


def sends_trailers_without_a_status(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b""))
    exchange.trailers((("x-other", "1"),))


def sends_a_status_that_is_no_number(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b""))
    exchange.trailers((("grpc-status", "fine"),))


def sends_no_trailers(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b""), end=True)


def says_ok_without_a_message(exchange: Exchange) -> None:
    exchange.headers()
    exchange.trailers()


def says_ok_at_once(exchange: Exchange) -> None:
    exchange.headers((*GOOD_HEADERS, ("grpc-status", "0")), end=True)


def sends_no_protobuf(exchange: Exchange) -> None:
    exchange.answer(b"\xff" * 40)


OTHER_STATUS: dict[Script, set[int]] = {
    says_ok_at_once: {UNAVAILABLE, UNKNOWN},
    sends_a_status_that_is_no_number: {UNAVAILABLE, UNKNOWN},
    claims_four_gigabytes: {UNAVAILABLE, RESOURCE_EXHAUSTED},
}


@pytest.mark.parametrize(
    "script",
    [
        dies_at_once,
        dies_after_headers,
        dies_inside_the_message,
        resets,
        resets_inside_the_message,
        answers_text,
        answers_a_web_page,
        answers_http_404,
        claims_more_than_it_sends,
        claims_less_than_it_sends,
        claims_four_gigabytes,
        sends_half_a_prefix,
        sends_trailers_without_a_status,
        sends_a_status_that_is_no_number,
        sends_no_trailers,
        says_ok_without_a_message,
        says_ok_at_once,
        sends_no_protobuf,
    ],
    ids=lambda script: script.__name__,
)
def test_nonsense_of_a_backend_fails_its_own_calls_only(
    client: RawClient, router: str, bad: ScriptedBackend, script: Script
) -> None:
    bad.script = script
    for _ in range(3):
        answer = call(client, router, "bad")
        assert answer.status in OTHER_STATUS.get(script, {UNAVAILABLE})
        assert answer.message.startswith("variant bad: ")
        assert len(answer.message) > 30
        assert call(client, router, "good").status == OK
    bad.script = echo
    eventually(lambda: call(client, router, "bad").status == OK, what="an answer of the mended backend")


LARGE = 200_000


def dies_inside_a_large_message(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"\x3a\0" * (LARGE // 2))[:-1000])
    exchange.die()


def cuts_a_large_message(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"\x3a\0" * (LARGE // 2))[:-1000])
    exchange.trailers()


def sends_more_than_a_large_message(exchange: Exchange) -> None:
    exchange.headers()
    exchange.data(framed(b"\x3a\0" * (LARGE // 2)) + b"more")
    exchange.trailers()


@pytest.mark.parametrize(
    "script",
    [dies_inside_a_large_message, cuts_a_large_message, sends_more_than_a_large_message],
    ids=lambda script: script.__name__,
)
def test_large_answer_that_breaks_is_never_taken_for_a_whole_one(
    client: RawClient, router: str, bad: ScriptedBackend, script: Script
) -> None:
    bad.script = script
    answer = call(client, router, "bad")
    assert answer.reset is None
    assert answer.status == UNAVAILABLE
    assert answer.message.startswith("variant bad: ")
    assert call(client, router, "good").status == OK
    bad.script = echo
    eventually(lambda: call(client, router, "bad").status == OK)


def test_backend_that_hangs_inside_a_large_answer_ends_at_the_deadline(
    client: RawClient, router: str, bad: ScriptedBackend
) -> None:
    def hangs(exchange: Exchange) -> None:
        exchange.headers()
        exchange.data(framed(b"\x3a\0" * (LARGE // 2))[:-1000])

    bad.script = hangs
    answer = call(client, router, "bad", metadata=[("grpc-timeout", "300m")])
    assert answer.status == DEADLINE_EXCEEDED
    assert answer.message.startswith("variant bad: ")
    assert bad.reset_streams.acquire(timeout=5), "the backend was not told"
    assert call(client, router, "good").status == OK


def test_backends_own_status_is_relayed_with_the_variants_name(
    client: RawClient, router: str, bad: ScriptedBackend
) -> None:
    bad.script = lambda exchange: exchange.headers(
        (*GOOD_HEADERS, ("grpc-status", "9"), ("grpc-message", "50%25 of the model"), ("x-hint", "wait")),
        end=True,
    )
    answer = call(client, router, "bad")
    assert (answer.status, answer.message) == (9, "variant bad: 50% of the model")
    assert answer.headers["x-hint"] == "wait"
    assert answer.headers["pointsman-variant"] == "bad"


def test_backend_that_hangs_ends_at_the_deadline(
    client: RawClient, router: str, bad: ScriptedBackend
) -> None:
    bad.script = lambda _: None
    started = time.monotonic()
    answer = call(client, router, "bad", metadata=[("grpc-timeout", "300m")])
    assert answer.status == DEADLINE_EXCEEDED
    assert answer.message.startswith("variant bad: ")
    # Never earlier, however fast or slow the machine is; nothing but the deadline ends such a call.
    assert time.monotonic() - started > 0.25
    assert bad.reset_streams.acquire(timeout=5), "the backend was not told"
    assert call(client, router, "good").status == OK


def test_routers_own_timeout_holds_for_clients_without_one(
    control: Control, client: RawClient, router_id: str, good: RecordingBackend, bad: ScriptedBackend
) -> None:
    from google.protobuf.duration_pb2 import Duration

    control.route(
        router_id, {"good": good.target, "bad": bad.target}, default_timeout=Duration(nanos=200_000_000)
    )
    bad.script = lambda _: None
    assert call(client, router_id, "bad").status == DEADLINE_EXCEEDED


def http1(connected: socket.socket) -> None:
    connected.recv(1000)
    connected.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def noise(connected: socket.socket) -> None:
    connected.sendall(bytes(range(256)) * 20)
    connected.recv(1000)


def silence(connected: socket.socket) -> None:
    while connected.recv(1000):
        pass


def hangs_up(_: socket.socket) -> None:
    return


@pytest.mark.parametrize("serve", [http1, noise, silence, hangs_up], ids=lambda serve: serve.__name__)
def test_peer_that_speaks_no_http2_is_unavailable_until_a_backend_is_there_again(
    client: RawClient,
    router: str,
    bad: ScriptedBackend,
    serve: Callable[[socket.socket], None],
    closing: Callable[[Any], Any],
) -> None:
    assert call(client, router, "bad").status == OK
    bad.close()
    impostor = RawBackend(serve, bad.port)
    for _ in range(2):
        answer = call(client, router, "bad")
        assert answer.status == UNAVAILABLE
        assert answer.message.startswith("variant bad: ")
        assert call(client, router, "good").status == OK
    impostor.close()
    closing(ScriptedBackend(port=bad.port))
    eventually(lambda: call(client, router, "bad").status == OK)


def test_backend_that_refuses_is_named_and_comes_back(
    client: RawClient, router: str, bad: ScriptedBackend, closing: Callable[[Any], Any]
) -> None:
    bad.close()
    # The first call may still find the connection that is breaking.
    call(client, router, "bad")
    answer = call(client, router, "bad")
    assert answer.status == UNAVAILABLE
    assert answer.message.startswith("variant bad: ")
    assert bad.target in answer.message
    assert "refused" in answer.message
    assert call(client, router, "good").status == OK
    closing(ScriptedBackend(port=bad.port))
    eventually(lambda: call(client, router, "bad").status == OK)


def test_calls_in_flight_at_the_other_variant_are_not_disturbed(
    server: Any, router: str, good: RecordingBackend, bad: ScriptedBackend
) -> None:
    entered, release = threading.Event(), threading.Event()
    whole = good.behaviour

    def slow(message: bytes, context: grpc.ServicerContext) -> bytes:
        entered.set()
        release.wait(20)
        return whole(message, context)

    good.behaviour = slow
    bad.script = dies_at_once
    with RawClient(server.grpc) as waiting, RawClient(server.grpc) as failing:
        stream = waiting.open()
        request = infer_request(router, model_version="good").SerializeToString()
        waiting.send(stream, framed(request), end=True)
        assert entered.wait(10)
        for _ in range(5):
            assert call(failing, router, "bad").status == UNAVAILABLE
        release.set()
        assert waiting.answer(stream).status == OK
