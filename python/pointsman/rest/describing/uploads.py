"""Uploads of outcomes, in OpenAPI: their bodies are no JSON, so that no annotation describes them."""

from __future__ import annotations

from typing import Any

from pointsman.rest.describing.operations import problem_responses
from pointsman.rest.ground_truth.bodies import FORM_TYPE
from pointsman.rest.ground_truth.requests import CONTENT_TYPES, FORMATS
from pointsman.rest.ground_truth.routes import PATH
from pointsman.rest.transcoding.bodies import JSON_TYPE

_ABOUT = """\
Adds the outcomes of a file: all of them at once, or none when a row is wrong. The first 100 rows that are
wrong are told with their lines, as `violations`. The body may be of any length up to
`ground_truth.max_file_bytes`; its rows are `entity_id`, `actual_outcome` and, if wanted, `outcome_timestamp`.

Scope: `mlops:write`.
"""

_COUNTS = {
    "inserted": "How many are new.",
    "matched": "Of how many of those that are new or corrected a prediction is there.",
    "corrected": "How many replaced another outcome of the same entity and time.",
    "repeated": "How many were there already, with the same outcome.",
    "rowCount": "How many rows the file has.",
}

SCHEMAS: dict[str, Any] = {
    "GroundTruthUpload": {
        "type": "object",
        "description": "What became of a file of outcomes.",
        "required": list(_COUNTS),
        "properties": {
            name: {"type": "integer", "description": description} for name, description in _COUNTS.items()
        },
    }
}


def upload_paths() -> dict[str, Any]:
    """Answers the path with its operation."""
    form = {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}},
        }
    }
    success = {
        "description": "Done.",
        "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/GroundTruthUpload"}}},
    }
    operation = {
        "tags": ["DriftService"],
        "operationId": "DriftService_UploadGroundTruthFile",
        "summary": "Adds the outcomes of a file",
        "description": _ABOUT,
        "parameters": [
            {
                "name": "modelId",
                "in": "query",
                "required": True,
                "description": "The model.",
                "schema": {"type": "string", "minLength": 1},
            },
            {
                "name": "format",
                "in": "query",
                "description": "How the file is written; without it as the content type says.",
                "schema": {"type": "string", "enum": list(FORMATS)},
            },
            {"$ref": "#/components/parameters/RequestTimeout"},
        ],
        "requestBody": {
            "required": True,
            "content": {name: {"schema": {"type": "string"}} for name in CONTENT_TYPES} | {FORM_TYPE: form},
        },
        "responses": {"200": success} | problem_responses(),
    }
    return {PATH: {"post": operation}}
