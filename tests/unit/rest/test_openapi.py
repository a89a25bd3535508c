"""The description says what is answered, and nothing else."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from pointsman.rest.api import OPENAPI
from pointsman.rest.describing.operations import path_of
from pointsman.rest.transcoding import read_bindings


@pytest.fixture(scope="module")
def described() -> Any:
    return json.loads(OPENAPI.read_text())


def test_it_is_openapi(described: Any) -> None:
    validate(described)


def test_every_call_is_described_with_its_success(described: Any) -> None:
    for binding in read_bindings():
        operation = described["paths"][path_of(binding)][binding.http_method.lower()]
        assert str(binding.success_status) in operation["responses"], operation["operationId"]
        assert ("requestBody" in operation) == bool(binding.body)
        assert operation["summary"]
        assert "Scope: `mlops:" in operation["description"]


def test_content_is_described_by_its_types(described: Any) -> None:
    operation = described["paths"]["/api/v1/drift/results/{resultId}/report"]["get"]
    assert list(operation["responses"]["200"]["content"]) == ["text/html; charset=utf-8", "application/json"]


def test_names_of_operations_are_unique(described: Any) -> None:
    names = [
        operation["operationId"] for methods in described["paths"].values() for operation in methods.values()
    ]
    assert len(names) == len(set(names))


def test_every_field_says_what_it_is(described: Any) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in described["components"]["schemas"].items()
        for field, inner in schema.get("properties", {}).items()
        if "description" not in inner
        and name[0].isupper()
        and not name.startswith(("Infer", "Server", "ModelMeta"))
    ]
    assert [name for name in silent if not name.startswith("Problem.")] == []
