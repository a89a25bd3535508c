"""A running server answers as its description says, whatever it is asked."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pointsman.rest.api import OPENAPI
from stage.server import Server

from .conftest import Http
from .described_world import fill

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CALLS = int(os.environ.get("POINTSMAN_TORTURE_CALLS", "12"))
"""How often each operation is asked by each test."""

described = schemathesis.openapi.from_path(OPENAPI)
bounded = settings(
    max_examples=CALLS,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    """An admin's key: among what is tried are calls that make keys, after which every call needs one."""
    made = Http(server.http)("POST", "/api/v1/keys", {"admin": True})
    assert made.status == 201, made.body
    return str(made.json()["secret"])


@pytest.fixture(scope="module")
def known(server: Server, key: str) -> dict[str, str]:
    """What is there: ids by the names that parameters and fields have for them."""
    return fill(Http(server.http, key))


def ask(case: Any, server: Server, key: str) -> None:
    # A deadline too short to keep is 504, as it shall be.
    headers = {name: value for name, value in (case.headers or {}).items() if name != "request-timeout"}
    case.headers = headers | {"X-API-Key": key}
    # "Not ready" is 503, and what the protocol asks for.
    may_be_unready = case.operation.path.endswith("/ready")
    checks = [check for check in CHECKS if not (may_be_unready and check is not_a_server_error)]
    case.call_and_validate(base_url=f"http://{server.http}", checks=checks)


@described.parametrize()
@bounded
def test_nothing_fails_in_the_server_and_nothing_is_undocumented(case: Any, server: Server, key: str) -> None:
    ask(case, server, key)


@described.exclude(method="DELETE").parametrize()
@bounded
def test_neither_does_it_about_what_is_there(
    case: Any, server: Server, key: str, known: dict[str, str]
) -> None:
    case.path_parameters = of_what_is_there(case.path_parameters or {}, known)
    case.query = of_what_is_there(case.query or {}, known)
    if isinstance(case.body, dict):
        case.body = of_what_is_there(case.body, known)
    ask(case, server, key)


def of_what_is_there(values: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """Puts what is there in the place of what was drawn."""
    return values | {name: known[name] for name in values if name in known}
