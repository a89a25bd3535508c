"""Refuses requests that a browser was tricked into sending.

By DNS rebinding a web page makes a browser on this machine call the page's own host name at a loopback
address. The browser then sends that name as Host: names that nobody configured are refused. Origin must be
this very port, or a name that is configured: what other ports of this machine serve are others' pages. A
plain address cannot be rebound, so addresses pass as Host wherever they can be meant: loopback ones always,
others when the port listens beyond loopback. What has no Host at all comes from no browser, and passes.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from pointsman.rest.problems import DOMAIN, Problem, problem_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send


class HostCheck:
    """ASGI middleware that answers 403 to requests under an unknown name.

    Args:
        app: What answers the others.
        allowed_hosts: Names that may be used besides ``localhost`` and addresses, without a port.
        loopback: Whether the port listens on loopback only.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Iterable[str], loopback: bool) -> None:
        self._app = app
        self._configured = frozenset(name.lower() for name in allowed_hosts)
        self._names = {"localhost", *self._configured}
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            # Health checks of HTTP/1.0 send none; browsers always do, as HTTP/1.1 has to.
            host = headers.get("host")
            origin = headers.get("origin")
            if host is not None and not self.allows(host):
                await problem_response(_refusal("Host", host), scope)(scope, receive, send)
                return
            if origin is not None and not self._is_own(origin, host or ""):
                await problem_response(_refusal("Origin", origin), scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, origin: str, host: str) -> bool:
        """Answers whether a page may call: one of this very port, or of a name that is configured."""
        try:
            parts = urlsplit(origin)
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        places = {parts.netloc.lower(), f"{name}:{port or usual}"}
        if name in self._configured:
            return True
        return bool(host and places & {host.lower(), f"{host.lower()}:{usual}"})

    def allows(self, host: str) -> bool:
        """Answers whether a request under ``host`` or ``host:port`` may pass."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self._loopback


def _refusal(header: str, value: str) -> Problem:
    detail = (
        f"{header}: {value[:200]!r} is not a name of this server; call it by address, "
        "or add the name to the setting allowed_hosts"
    )
    return Problem("PERMISSION_DENIED", detail, reason="HOST_NOT_ALLOWED", domain=DOMAIN)
