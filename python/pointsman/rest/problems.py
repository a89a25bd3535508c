"""How the HTTP port says that something is wrong: problem details, as RFC 9457 has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import Scope

DOMAIN = "pointsman"
MEDIA_TYPE = "application/problem+json"
OPEN_INFERENCE_PATH = "/v2/"
CLIENT_CLOSED_REQUEST = 499
"""What Google's table has for CANCELLED; no status of HTTP's own says it."""

STATUSES: Mapping[str, int] = {
    "CANCELLED": CLIENT_CLOSED_REQUEST,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}
"""The HTTP status of each gRPC status, as the comments of ``google.rpc.Code`` say."""


@dataclass(frozen=True)
class Violation:
    """What is wrong with one field.

    Attributes:
        field: Its path in the JSON that was sent, or the name of a parameter.
        description: What is wrong with it.
    """

    field: str
    description: str


@dataclass(frozen=True)
class Problem:
    """What is told of a request that failed.

    Attributes:
        code: The name of a gRPC status, which is the same however a call comes.
        detail: What is wrong and what to do, in a sentence.
        status: The HTTP status; 0 takes that of the code.
        reason: Why, for programs; empty when there is nothing to tell apart.
        domain: Whose word the reason is.
        metadata: What else is known of the reason.
        violations: The fields that are wrong.
        headers: Further headers of the answer.
    """

    code: str
    detail: str
    status: int = 0
    reason: str = ""
    domain: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class ProblemError(Exception):
    """A request cannot be answered; the problem says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class FieldError(Exception):
    """A value of a request cannot be read.

    Args:
        path: Where it stands, in the spelling of JSON.
        description: What is wrong with it and what to do.
    """

    def __init__(self, path: str, description: str) -> None:
        # JSON can name half a surrogate, which no answer can hold.
        path, description = (text.encode(errors="backslashreplace").decode() for text in (path, description))
        super().__init__(f"{path}: {description}" if path else description)
        self.violation = Violation(path, description)

    def as_problem(self) -> Problem:
        """Answers it as what the caller is told."""
        violations = (self.violation,) if self.violation.field else ()
        return Problem("INVALID_ARGUMENT", str(self), violations=violations)


def request_id_of(scope: Scope) -> str:
    """Answers the id of a request, which its log lines and its answer share."""
    return str(scope.get("state", {}).get("request_id", ""))


def body_of(problem: Problem, request_id: str) -> dict[str, Any]:
    """Answers the members of the problem's JSON; those without a value are left out."""
    status = problem.status or STATUSES.get(problem.code, 500)
    title = "Client Closed Request" if status == CLIENT_CLOSED_REQUEST else HTTPStatus(status).phrase
    body = {"title": title, "status": status, "detail": problem.detail, "code": problem.code}
    rest = {
        "reason": problem.reason,
        "domain": problem.domain,
        "metadata": dict(problem.metadata),
        "violations": [
            {"field": found.field, "description": found.description} for found in problem.violations
        ],
        "requestId": request_id,
    }
    return body | {name: value for name, value in rest.items() if value}


def problem_response(problem: Problem, scope: Scope) -> JSONResponse:
    """Makes the answer to a request that failed.

    Args:
        problem: What is wrong.
        scope: The request's.

    Returns:
        The response, with ``www-authenticate`` where a key is missing, and below ``/v2`` with the member
        ``error``, which clients of the Open Inference Protocol read; it ends the connection where the request
        has ``Expect``.
    """
    body = body_of(problem, request_id_of(scope))
    if f"{scope.get('path', '')}/".startswith(OPEN_INFERENCE_PATH):
        body["error"] = problem.detail
    headers = dict(problem.headers)
    if any(name == b"expect" for name, _ in scope.get("headers", ())):
        # Whoever waits to be told to go on and is not will not send the body that the connection waits for.
        headers["connection"] = "close"
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("www-authenticate", "Bearer")
    return JSONResponse(body, status_code=body["status"], headers=headers, media_type=MEDIA_TYPE)


def method_refusal(scope: Scope, allowed: Collection[str]) -> JSONResponse:
    """Answers 405: the path is there, and the method is not.

    Args:
        scope: The request's.
        allowed: The methods of its path.
    """
    methods = ", ".join(sorted({*allowed, *(["HEAD"] if "GET" in allowed else [])}))
    detail = f"{scope['method']} is not answered here; {methods} is"
    return problem_response(Problem("UNIMPLEMENTED", detail, status=405, headers={"allow": methods}), scope)
