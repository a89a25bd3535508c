"""A client that speaks plain HTTP."""

import http.client
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Http:
    """Plain HTTP to a server's port."""

    def __init__(self, address: str, key: str = "") -> None:
        self.address = address
        self.headers = {"X-API-Key": key} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None and "content-type" not in {name.lower() for name in named}:
            named["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, content, named)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, got, answer.read())
        finally:
            connection.close()
