"""Describes the paths of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

from pointsman.rest.describing.operations import problem_responses
from pointsman.rest.open_inference.tensors import LAYOUTS
from pointsman.rest.transcoding.bodies import JSON_TYPE

TAG = "OpenInference"
_DATATYPES = [*LAYOUTS, "BYTES"]
_PARAMETERS = {
    "type": "object",
    "additionalProperties": {"type": ["string", "integer", "number", "boolean"]},
}
# What is null is not stated.
_SENT_PARAMETERS = {
    "type": ["object", "null"],
    "additionalProperties": {"type": ["string", "integer", "number", "boolean", "null"]},
}
_NAME = {"type": "string"}
_SHAPE = {"type": "array", "items": {"type": "integer"}}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_SPEC = _object(["name", "datatype", "shape"], name=_NAME, datatype=_NAME, shape=_SHAPE)
_LENGTHS = {"type": "array", "maxItems": 32, "items": {"type": "integer", "minimum": 0}}
_DATATYPE = {"type": "string", "enum": _DATATYPES}
_DATA = {
    "type": ["array", "string"],
    "description": "Elements in row-major order, or arrays in one another as the shape has them; BYTES may "
    "be one text. Among floats null is no number.",
}

SCHEMAS: dict[str, Any] = {
    "InferRequest": _object(
        ["inputs"],
        id={"type": ["string", "null"]},
        parameters=_SENT_PARAMETERS,
        inputs={
            "type": "array",
            "items": _object(
                ["name", "shape", "datatype"],
                name=_NAME,
                shape=_LENGTHS,
                datatype=_DATATYPE,
                parameters=_SENT_PARAMETERS,
                data=_DATA,
            ),
        },
        outputs={
            "type": ["array", "null"],
            "items": _object(["name"], name=_NAME, parameters=_SENT_PARAMETERS),
        },
    ),
    "InferResponse": _object(
        ["model_name", "outputs"],
        model_name=_NAME,
        model_version=_NAME,
        id={"type": "string"},
        parameters={
            **_PARAMETERS,
            "description": "With the decision: `pointsman_prediction_id`, `pointsman_variant` and more.",
        },
        outputs={
            "type": "array",
            "items": _object(
                ["name", "shape", "datatype"],
                name=_NAME,
                shape=_SHAPE,
                datatype=_DATATYPE,
                parameters=_PARAMETERS,
                data={"type": "array"},
            ),
        },
    ),
    "ServerMetadata": _object(
        ["name", "version", "extensions"],
        name=_NAME,
        version=_NAME,
        extensions={"type": "array", "items": _NAME},
    ),
    "ModelMetadata": _object(
        ["name", "versions", "platform", "inputs", "outputs"],
        name=_NAME,
        versions={"type": "array", "items": _NAME},
        platform=_NAME,
        inputs={"type": "array", "items": _SPEC},
        outputs={"type": "array", "items": _SPEC},
    ),
}
"""The protocol's JSON."""


def protocol_paths() -> dict[str, Any]:
    """Answers the protocol's paths."""
    found = {
        "/v2": _get("ServerMetadata", "Says what the server is", "ServerMetadata"),
        "/v2/health/live": _get("ServerLive", "Says whether the server lives"),
        "/v2/health/ready": _get("ServerReady", "Says whether the server answers calls"),
    }
    for suffix, variables in (("", ["model"]), ("Version", ["model", "version"])):
        path = "/v2/models/{model}" + ("/versions/{version}" if suffix else "")
        parameters = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": "A router, or a model with a production version."
                if name == "model"
                else "A variant's name or model version.",
                "schema": {"type": "string", "minLength": 1},
            }
            for name in variables
        ]
        found[path] = _get(
            f"ModelMetadata{suffix}", "Says what a model takes and gives", "ModelMetadata", parameters
        )
        found[f"{path}/ready"] = _get(f"ModelReady{suffix}", "Says whether a model answers", "", parameters)
        found[f"{path}/infer"] = {"post": _infer(f"ModelInfer{suffix}", parameters)}
    return found


def _get(
    name: str, summary: str, schema: str = "", parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    content = {"content": {JSON_TYPE: {"schema": _reference(schema)}}} if schema else {}
    return {
        "get": {
            "tags": [TAG],
            "operationId": f"{TAG}_{name}",
            "summary": summary,
            "parameters": [*(parameters or []), {"$ref": "#/components/parameters/RequestTimeout"}],
            "responses": {
                "200": {"description": "Yes, or what was asked.", **content},
                **problem_responses(),
            },
        }
    }


def _infer(name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    header = {
        "name": "Inference-Header-Content-Length",
        "in": "header",
        "description": "The length of the JSON, where tensors follow it as bytes.",
        "schema": {"type": "integer", "minimum": 0},
    }
    return {
        "tags": [TAG],
        "operationId": f"{TAG}_{name}",
        "summary": "Asks a router or a model about tensors",
        "description": "With `binary_data_size` as a parameter of an input, its elements follow the JSON as "
        "bytes; with `binary_data` of an output, or `binary_data_output` of the request, so do those of the "
        "answer. The body may be compressed (`Content-Encoding: gzip` or `deflate`).\n\n"
        "Scope: `mlops:predict`.",
        "parameters": [*parameters, header, {"$ref": "#/components/parameters/RequestTimeout"}],
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": _reference("InferRequest")}},
        },
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {
                    JSON_TYPE: {"schema": _reference("InferResponse")},
                    "application/octet-stream": {"schema": {}},
                },
            },
            "502": {"$ref": "#/components/responses/Problem"},
            **problem_responses(),
        },
    }


def _reference(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
