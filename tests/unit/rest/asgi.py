"""Sends requests straight into an ASGI application."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def send(
    app: ASGIApp,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    leave: asyncio.Event | None = None,
    brings: Receive | None = None,
) -> Answer:
    """Sends one request; its client goes away when ``leave`` is set.

    What it sends comes from ``brings`` where that is given.
    """
    path, _, query = target.partition("?")
    lines = {"host": "127.0.0.1:8501", **(headers or {})}
    if body is not None:
        lines.setdefault("content-type", "application/json")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(path, errors="replace"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8501),
        "client": ("127.0.0.1", 1),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in lines.items()],
    }
    waiting: list[Message] = [{"type": "http.request", "body": body or b"", "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await (leave or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        sent.append(message)

    await app(scope, brings or receive, take)
    if not sent:
        return Answer(0, {}, b"")
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:]))
