"""Operations of OpenAPI: one for each binding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pointsman.rest.describing.schemas import Schemas
from pointsman.rest.transcoding.bindings import Binding, option_of
from pointsman.rest.transcoding.bodies import JSON_TYPE
from pointsman.rest.transcoding.requests import field_of_path, query_parameters
from pointsman.v1 import key_pb2

PROBLEMS = (400, 401, 403, 404, 409, 413, 415, 429, 499, 500, 501, 503, 504)
"""The statuses that any call may fail with."""

_SCOPES = {
    key_pb2.SCOPE_MLOPS_READ: "mlops:read",
    key_pb2.SCOPE_MLOPS_WRITE: "mlops:write",
    key_pb2.SCOPE_MLOPS_PREDICT: "mlops:predict",
}


def path_of(binding: Binding) -> str:
    """Answers the path of a binding as OpenAPI has it."""

    def variable(found: re.Match[str]) -> str:
        return "{" + field_of_path(binding, found.group(1)).json_name + "}"

    return re.sub(r"\{([a-z0-9_.]+)(?:=[^{}]*)?\}", variable, binding.template.text)


def operation_of(
    binding: Binding, number: int, schemas: Schemas, comments: Mapping[str, str]
) -> dict[str, Any]:
    """Describes a binding.

    Args:
        binding: The binding.
        number: Which of its method's bindings it is, from 1.
        schemas: Takes the schemas that it refers to.
        comments: What methods and fields are, by full names.
    """
    service, method = binding.method.containing_service.name, binding.method.name
    comment = comments.get(binding.method.full_name, "")
    scope = _SCOPES.get(option_of(binding.method, key_pb2.required_scope))
    described = f"{comment}\n\nScope: `{scope}`." if scope else comment
    operation: dict[str, Any] = {
        "tags": [service],
        "operationId": f"{service}_{method}" + (f"_{number}" if number > 1 else ""),
        "summary": comment.partition(". ")[0].rstrip("."),
        "description": described,
        "parameters": _parameters(binding, schemas),
    }
    if binding.body:
        field = binding.request.fields_by_name.get(binding.body)
        schema = schemas.of_message(binding.request) if field is None else schemas.of_field(field)
        operation["requestBody"] = {"content": {JSON_TYPE: {"schema": schema}}}
    operation["responses"] = _responses(binding, schemas)
    return operation


def _parameters(binding: Binding, schemas: Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in binding.template.variables:
        field = field_of_path(binding, name)
        schema = schemas.of_field(field, described=False)
        if schema == {"type": "string"}:
            schema["minLength"] = 1
        described = schemas.of_field(field).get("description", "")
        found.append(
            {
                "name": field.json_name,
                "in": "path",
                "required": True,
                "description": described,
                "schema": schema,
            }
        )
    for name, field in query_parameters(binding):
        described = schemas.of_field(field).get("description", "")
        schema = schemas.of_field(field, described=False)
        found.append({"name": name, "in": "query", "description": described, "schema": schema})
    return [*found, {"$ref": "#/components/parameters/RequestTimeout"}]


def _responses(binding: Binding, schemas: Schemas) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done."}
    if binding.is_content:
        success["content"] = {one: {"schema": {}} for one in binding.content_types}
    elif not binding.is_empty:
        field = binding.response.fields_by_name.get(binding.response_body)
        schema = schemas.of_message(binding.response) if field is None else schemas.of_field(field)
        success["content"] = {JSON_TYPE: {"schema": schema}}
    found = {str(binding.success_status): success}
    if binding.may_validate:
        found["200"] = {**success, "description": "It would be done; it was only checked."}
    return dict(sorted(found.items())) | problem_responses()


def problem_responses() -> dict[str, Any]:
    """Answers the responses of calls that fail, by status."""
    return {str(status): {"$ref": "#/components/responses/Problem"} for status in PROBLEMS}
