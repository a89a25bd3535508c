"""Many calls at a time on one connection."""

import threading

import pytest
from tritonclient.grpc import service_pb2

from stage.oip import framed, infer_request, receipt
from stage.raw_client import RawClient
from stage.scripted_backend import Exchange, ScriptedBackend, echo

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

STREAMS = 1000


def test_a_thousand_streams_are_open_at_once_and_all_answered(
    client: RawClient, router: str, bad: ScriptedBackend
) -> None:
    held: list[Exchange] = []
    lock = threading.Lock()

    def answer_when_all_are_there(exchange: Exchange) -> None:
        with lock:
            held.append(exchange)
            if len(held) < STREAMS:
                return
        for waiting in held:
            echo(waiting)

    bad.script = answer_when_all_are_there
    request = framed(infer_request(router, model_version="bad").SerializeToString())
    streams = [client.open(metadata=[("grpc-timeout", "60S")]) for _ in range(STREAMS)]
    for stream in streams:
        client.send(stream, request, end=True)
    answers = [client.answer(stream) for stream in streams]
    assert {answer.status for answer in answers} == {0}
    ids = {
        receipt(service_pb2.ModelInferResponse.FromString(answer.data[5:]))["prediction_id"]
        for answer in answers
    }
    assert len(ids) == STREAMS
