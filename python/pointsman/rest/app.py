"""The HTTP application: is the server alive, does it serve, what does it measure."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pointsman.rest.hosts import HostCheck
from pointsman.rest.problems import Problem, method_refusal, problem_response
from pointsman.rest.request_ids import RequestIds
from pointsman.rest.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from pointsman.domain.ports.replica import Reporting

TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS_FORMAT = "application/openmetrics-text; version=1.0.0; charset=utf-8"
HEALTH_PATHS = ("/health", "/livez", "/readyz")
FILE_PATHS = ("/openapi.json", "/api")
"""What everybody may read is sent in pieces, and costs no more the longer a client takes for it."""

DEFAULT_MAX_REQUESTS = 64
CODES = {403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


@dataclass(frozen=True)
class ServerState:
    """What the HTTP port tells about the server, asked anew for each request."""

    replica: Reporting
    """The replica of this process, which is all that its port tells about."""

    is_draining: Callable[[], bool]
    control_reason: Callable[[], str]
    """Why the control plane is not ready, in words; empty when it is."""

    refused: Callable[[], Sequence[str]] = tuple
    """What the replica cannot use of the routing state, in sentences."""

    left_behind_journals: Callable[[], list[dict[str, object]]] = list
    """What is known of journals whose servers are gone."""

    control_metrics: Callable[[], str] = str
    """What the control plane measures, in the Prometheus text format; may take a query of the database."""


def create_app(
    state: ServerState,
    *,
    allowed_hosts: Iterable[str] = (),
    loopback: bool = True,
    max_requests: int = DEFAULT_MAX_REQUESTS,
    api: Sequence[BaseRoute] = (),
) -> Starlette:
    """Makes the HTTP application.

    Args:
        state: What it tells about.
        allowed_hosts: Names it may be called by besides ``localhost`` and addresses.
        loopback: Whether its port listens on loopback only.
        max_requests: Requests at a time, besides those that ask whether the server is alive and serves, or
            for the API's description.
        api: Routes of the API, beside its own.

    Returns:
        An application with ``/health``, ``/livez``, ``/readyz``, ``/metrics`` and the API.
    """
    # Of its own: the loop's threads may all be busy with something slow.
    health_thread = ThreadPoolExecutor(1, thread_name_prefix="pointsman-health")

    async def livez(_: Request) -> Response:
        """The process runs: 200, whatever else is wrong."""
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        """Calls are answered: 200, or 503 while starting or draining.

        A control plane that waits for its database is told about, but it is no reason to send calls
        elsewhere while the data plane has a state to answer them from. The same goes for parts of the state
        that it cannot use.
        """
        loop = asyncio.get_running_loop()
        serving, facts = await loop.run_in_executor(health_thread, _serving, state)
        reason = state.control_reason()
        # Without a state from disk or database there is nothing to answer calls from.
        has_state = bool(facts.get("restored")) or facts.get("generation", 0) > 0
        serves = serving and (has_state or not reason)
        status = "draining" if state.is_draining() else "serving" if serves else "starting"
        control = {"ready": not reason, **({"reason": reason} if reason else {})}
        if left_behind := state.left_behind_journals():
            control["left_behind_journals"] = left_behind
        body = {"status": status, "generation": facts.get("generation", 0), "control_plane": control}
        if refused := state.refused():
            body["degraded"] = list(refused)
        return JSONResponse(body, status_code=200 if status == "serving" else 503)

    async def metrics(_: Request) -> Response:
        """All metrics, for Prometheus to scrape."""
        text = await asyncio.to_thread(_all_metrics, state)
        media_type = OPEN_METRICS_FORMAT if text.rstrip().endswith("# EOF") else TEXT_FORMAT
        return Response(text, headers={"content-type": media_type})

    routes = [
        Route("/health", ready),
        Route("/livez", livez),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        *api,
    ]
    middleware = [
        Middleware(RequestIds),
        Middleware(HostCheck, allowed_hosts=tuple(allowed_hosts), loopback=loopback),
        Middleware(Slots, most=max_requests, exempt=(*HEALTH_PATHS, *FILE_PATHS)),
    ]
    return Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={HTTPException: _http_error, Exception: _internal_error},
    )


def _serving(state: ServerState) -> tuple[bool, dict[str, Any]]:
    facts: dict[str, Any] = json.loads(state.replica.status())
    return bool(facts.get("serving")), facts


def _all_metrics(state: ServerState) -> str:
    text, control = state.replica.metrics(), state.control_metrics()
    body = text.removesuffix("# EOF\n")
    return body + control + text[len(body) :]


async def _http_error(request: Request, error: Exception) -> Response:
    """Answers an unknown path or method with a way out."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return method_refusal(request.scope, headers["Allow"].split(", "))
    detail = {
        404: f"{request.url.path}: no such path; there are /health, /livez, /readyz, /metrics, /v2, "
        "and those that /openapi.json lists",
    }.get(status, str(error))
    problem = Problem(CODES.get(status, "UNKNOWN"), detail, status=status, headers=headers)
    return problem_response(problem, request.scope)


async def _internal_error(request: Request, __: Exception) -> Response:
    detail = "the server made a mistake; its log has the request id of this answer"
    return problem_response(Problem("INTERNAL", detail), request.scope)
