"""Asks servers by MLServer's own codecs, and reads their answers by them; run in MLServer's environment.

Its arguments are a file and the addresses of servers. It writes JSON into the file: for each server, what
each request was answered.
"""

import datetime as dt
import json
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlserver.codecs import (
    Base64Codec,
    DatetimeCodec,
    NumpyCodec,
    NumpyRequestCodec,
    PandasCodec,
    StringCodec,
)
from mlserver.codecs.string import StringRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse, RequestOutput

MOMENT = dt.datetime(2022, 1, 11, 11, 0, tzinfo=dt.UTC)
FLOATS = np.array([[1.2, 2.3], [np.nan, 4.5]])
WHOLE = np.array([[2**53 + 1, -(2**63)], [2**63 - 1, 0]])
FRAME = pd.DataFrame(
    {
        # As objects, as MLServer's codec knows texts.
        "First Name": pd.Series(["Joanne", "Michaël"], dtype=object),
        "Age": [34, 2**53 + 1],
        "Weight": [None, 61.5],
        "Is": [True, False],
    }
)


def ask(address: str, model: str, body: str) -> InferenceResponse:
    """Posts a request, and answers what the server says, as MLServer's type reads it."""
    request = urllib.request.Request(f"http://{address}/v2/models/{model}/infer", body.encode())
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return InferenceResponse.model_validate_json(answer.read())


def in_both_forms(request: InferenceRequest) -> list[str]:
    """Answers a request as JSON without what is not stated, and with null for that."""
    everything = request.model_dump_json(exclude_unset=False, exclude_none=False)
    assert "null" in everything, everything
    return [request.model_dump_json(), everything]


def frames(address: str) -> Any:
    requests = in_both_forms(PandasCodec.encode_request(FRAME, use_bytes=False))
    return [_told(PandasCodec.decode_response(ask(address, "frame", body))) for body in requests]


def numbers(address: str) -> Any:
    request = NumpyRequestCodec.encode_request(np.linspace(0, 1, 128).reshape(2, 64))
    request.outputs = [RequestOutput(name="predict_proba"), RequestOutput(name="predict")]
    answers = [ask(address, "digits", body) for body in in_both_forms(request)]
    return [[_told(NumpyCodec.decode_output(one)) for one in answer.outputs] for answer in answers]


def echoes(address: str) -> Any:
    def heads() -> list[tuple[Any, Any]]:
        return [
            (NumpyCodec, NumpyCodec.encode_input("floats", FLOATS)),
            (NumpyCodec, NumpyCodec.encode_input("whole", WHOLE)),
            (NumpyCodec, NumpyCodec.encode_input("flags", np.array([True, False, True]))),
            (NumpyCodec, NumpyCodec.encode_input("single", np.array([[0.1]], dtype=np.float32))),
            (StringCodec, StringCodec.encode_input("text", ["hello world \U0001f601", ""], use_bytes=False)),
            (Base64Codec, Base64Codec.encode_input("bytes", [b"\xff\x00Python", b""], use_bytes=False)),
            (DatetimeCodec, DatetimeCodec.encode_input("times", [MOMENT], use_bytes=False)),
        ]

    bodies = in_both_forms(InferenceRequest(id="mine", inputs=[head for _, head in heads()]))
    answers = [ask(address, "echo", body) for body in bodies]
    decoded = [
        [_told(codec.decode_output(one)) for (codec, _), one in zip(heads(), answer.outputs, strict=True)]
        for answer in answers
    ]
    return [decoded, [[answer.id, answer.model_name] for answer in answers]]


def texts(address: str) -> Any:
    request = StringRequestCodec.encode_request(['{"name": "Foo"}', "é"], use_bytes=False)
    answer = ask(address, "reading", request.model_dump_json())
    return [json.loads(text) for text in StringRequestCodec.decode_response(answer)]


def arguments(address: str) -> Any:
    inputs = [
        StringCodec.encode_input("question", ["how long?", "é"], use_bytes=False),
        NumpyCodec.encode_input("context", np.array([1, 2, 3])),
    ]
    answer = ask(address, "typed", InferenceRequest(inputs=inputs).model_dump_json())
    return _told(NumpyRequestCodec.decode_response(answer))


def metadata(address: str) -> Any:
    with urllib.request.urlopen(f"http://{address}/v2/models/digits", timeout=60) as answer:
        return MetadataModelResponse.model_validate_json(answer.read()).name


def _told(value: Any) -> Any:
    """Answers what was decoded as JSON has it, with its types."""
    if isinstance(value, pd.DataFrame):
        return {str(name): [str(value[name].dtype), *map(str, value[name])] for name in value}
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape), [repr(item) for item in value.reshape(-1).tolist()]]
    return [repr(item) for item in value]


ASKED: list[Callable[[str], Any]] = [frames, numbers, echoes, texts, arguments, metadata]

if __name__ == "__main__":
    told = [{one.__name__: one(address) for one in ASKED} for address in sys.argv[2:]]
    Path(sys.argv[1]).write_text(json.dumps(told))
