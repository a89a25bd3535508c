"""Runtimes of MLServer that its examples ask; run in MLServer's own environment."""

import json
from typing import List  # noqa: UP035 - the form by which MLServer finds a codec

import numpy as np
import pandas as pd
from mlserver import MLModel
from mlserver.codecs import Base64Codec, DatetimeCodec, NumpyCodec, PandasCodec, StringCodec, decode_args
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, ResponseOutput


class Echo(MLModel):  # type: ignore[misc]  # MLServer has an environment of its own
    """Reads each input by its content type, and answers it as it came, with its parameters."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        asked = {output.name for output in payload.outputs or ()}
        outputs = []
        for given in payload.inputs:
            read = self.decode(given)
            assert read is not None, given.name
            if not asked or given.name in asked:
                parameters = given.parameters and Parameters(content_type=given.parameters.content_type)
                outputs.append(
                    ResponseOutput(
                        name=given.name,
                        shape=given.shape,
                        datatype=given.datatype,
                        data=given.data,
                        parameters=parameters,
                    )
                )
        return InferenceResponse(
            id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs
        )


class Reading(MLModel):  # type: ignore[misc]
    """Tells what it reads in each input, by its content type, as JSON."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        codecs = {"base64": Base64Codec, "datetime": DatetimeCodec, "np": NumpyCodec, "str": StringCodec}
        found = {}
        for given in payload.inputs:
            value = self.decode(given, default_codec=codecs["np" if given.datatype != "BYTES" else "str"])
            found[given.name] = value.tolist() if isinstance(value, np.ndarray) else list(map(str, value))
        text = json.dumps(found).encode()
        told = ResponseOutput(
            name="read",
            shape=[len(text)],
            datatype="BYTES",
            data=[text],
            parameters=Parameters(content_type="str"),
        )
        return InferenceResponse(
            id=payload.id,
            model_name=self.name,
            model_version=self.version,
            outputs=[told],
            parameters=Parameters(content_type="str", round=3, exact=True),
        )


class Frame(MLModel):  # type: ignore[misc]
    """Answers a data frame with a column more, which counts the others' missing values."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        frame = self.decode_request(payload, default_codec=PandasCodec)
        assert isinstance(frame, pd.DataFrame), type(frame)
        missing = frame.isna().sum(axis=1).astype("int64")
        # MLServer's codec knows texts as objects alone, and numbers that are missing not over gRPC.
        columns = {
            name: frame[name].fillna(-1) if frame[name].dtype.kind in "biuf" else frame[name].astype(object)
            for name in frame
        }
        whole = pd.DataFrame(columns | {"missing": missing})
        answer = PandasCodec.encode_response(self.name, whole, self.version)
        answer.id = payload.id
        return answer


class Typed(MLModel):  # type: ignore[misc]
    """Takes arguments of types, and answers an array of one."""

    @decode_args  # type: ignore[untyped-decorator]
    async def predict(self, question: List[str], context: np.ndarray) -> np.ndarray:  # noqa: UP006
        lengths: np.ndarray = np.array([[len(text)] for text in question])
        return lengths * int(context.sum())
