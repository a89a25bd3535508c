"""The whole description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pointsman
from pointsman.rest.describing import protocol, uploads
from pointsman.rest.describing.operations import operation_of, path_of
from pointsman.rest.describing.schemas import Schemas
from pointsman.rest.problems import MEDIA_TYPE, STATUSES
from pointsman.rest.transcoding.bindings import Binding
from pointsman.rest.transcoding.headers import TIMEOUT

_ABOUT = """\
Every call of the public gRPC port, as JSON over HTTP, with the same keys, scopes and limits.

Names are camelCase; those of the proto files are taken as well. Words of enumerations are lower-case. Whole
numbers from 2^53 on are text. Fields that may be unset are left out where they are; all others are always
there. Unknown fields and parameters are refused.
"""

_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail", "code"],
    "properties": {
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "code": {"type": "string", "enum": list(STATUSES), "description": "The gRPC status."},
        "reason": {"type": "string", "description": "Why, for programs; the reference of errors lists them."},
        "domain": {"type": "string", "description": "Whose word the reason is."},
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        "violations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "description"],
                "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
            },
            "description": "The fields that are wrong, as they are spelled in JSON.",
        },
        "requestId": {
            "type": "string",
            "description": "Also in the header x-request-id, and in the server's log.",
        },
        "error": {
            "type": "string",
            "description": "The detail again, as the Open Inference Protocol has it.",
        },
    },
    "description": "Problem details, RFC 9457.",
}


def describe_api(bindings: Sequence[Binding], comments: Mapping[str, str]) -> dict[str, Any]:
    """Describes the API.

    Args:
        bindings: The annotated calls.
        comments: What methods, messages and fields are, by full names.

    Returns:
        The document, as OpenAPI 3.1 has it.
    """
    schemas = Schemas(comments)
    paths: dict[str, Any] = {}
    tags: dict[str, str] = {}
    counts: dict[str, int] = {}
    for binding in sorted(bindings, key=_order):
        service = binding.method.containing_service
        tags[service.name] = comments.get(service.full_name, "")
        number = counts[binding.rpc] = counts.get(binding.rpc, 0) + 1
        operations = paths.setdefault(path_of(binding), {})
        operations[binding.http_method.lower()] = operation_of(binding, number, schemas, comments)
    tags[protocol.TAG] = "The Open Inference Protocol, which KServe, Triton and MLServer speak."
    return {
        "openapi": "3.1.0",
        "info": {"title": "pointsman", "version": pointsman.__version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"ApiKey": []}, {"Bearer": []}, {}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths | uploads.upload_paths() | protocol.protocol_paths(),
        "components": {
            "schemas": schemas.all() | uploads.SCHEMAS | protocol.SCHEMAS | {"Problem": _PROBLEM},
            "parameters": {
                "RequestTimeout": {
                    "name": TIMEOUT,
                    "in": "header",
                    "description": "How many seconds the call may take; without it, "
                    "the router's default or the server's.",
                    "schema": {"type": "number", "exclusiveMinimum": 0},
                }
            },
            "responses": {
                "Problem": {
                    "description": "It failed; the body says why.",
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _order(binding: Binding) -> tuple[str, int]:
    """Orders by service and by where the method stands in it."""
    service = binding.method.containing_service
    names = [method.name for method in service.methods]
    return service.name, names.index(binding.method.name)
