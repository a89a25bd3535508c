"""All routes of the API: calls as JSON, the Open Inference Protocol, and what describes both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from pointsman.rest.ground_truth import ground_truth_routes
from pointsman.rest.open_inference import open_inference_routes
from pointsman.rest.transcoding import Gateway, TranscodedRoute, read_bindings

if TYPE_CHECKING:
    from starlette.requests import Request

OPENAPI = Path(__file__).with_name("openapi.json")
"""The description of the API, written by ``make generate``."""

PAGE = Path(__file__).with_name("try.html")
"""A page that reads the description and makes calls."""

_PAGE_POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def api_routes(gateway: Gateway) -> list[BaseRoute]:
    """Answers the routes of the API.

    Args:
        gateway: What calls are answered through.

    Returns:
        Routes of every annotated call, of the Open Inference Protocol, of uploads, of ``/openapi.json``, and
        of ``/api``, a page to try them.
    """
    return [
        Route("/openapi.json", _openapi),
        Route("/api", _page),
        *open_inference_routes(gateway),
        *ground_truth_routes(gateway),
        TranscodedRoute(read_bindings(), gateway),
    ]


async def _openapi(_: Request) -> Response:
    """The description of the API as OpenAPI 3.1."""
    return FileResponse(OPENAPI, media_type="application/json")


async def _page(_: Request) -> Response:
    """A page to try the API, which needs nothing from elsewhere."""
    return FileResponse(PAGE, media_type="text/html", headers={"content-security-policy": _PAGE_POLICY})
