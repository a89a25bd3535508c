"""Where messages arrive: a mail server and a webhook of this machine, which keep what they are given."""

import asyncio
import email
import json
import ssl
import threading
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class CaughtMail:
    """A message as it arrived."""

    sender: str
    recipients: list[str]
    message: Message

    @property
    def delivery_id(self) -> str:
        return str(self.message["Pointsman-Delivery-Id"])


class MailCatcher:
    """A mail server in a thread.

    ``refusal`` is what it answers in place of taking a message, ``farewell`` what it answers to QUIT, and
    ``heard`` what it was told, as it arrived, or as it was decrypted.

    Args:
        implicit: What it speaks TLS with from the beginning; None for not.
        options: What else aiosmtpd's server is to demand and to offer.
    """

    def __init__(self, implicit: ssl.SSLContext | None = None, **options: Any) -> None:
        from aiosmtpd.smtp import SMTP

        heard = bytearray()

        class Listening(SMTP):
            def data_received(self, data: bytes) -> None:
                heard.extend(data)
                super().data_received(data)

        self.mails: list[CaughtMail] = []
        self.refusal = ""
        self.farewell = "221 Bye"
        self.heard = heard
        self._loop = asyncio.new_event_loop()
        making = self._loop.create_server(
            lambda: Listening(self, loop=self._loop, **options), "127.0.0.1", 0, ssl=implicit
        )
        self._server = self._loop.run_until_complete(making)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Is called by aiosmtpd with each message."""
        if self.refusal:
            return self.refusal
        message = email.message_from_bytes(envelope.content)
        self.mails.append(CaughtMail(envelope.mail_from, list(envelope.rcpt_tos), message))
        return "250 taken"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        """Is called by aiosmtpd with each farewell."""
        return self.farewell

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        self._loop.close()


@dataclass(frozen=True)
class CaughtPost:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class WebhookCatcher:
    """An HTTP server in threads; what it answers can be set."""

    def __init__(self) -> None:
        self.posts: list[CaughtPost] = []
        self.status = 200
        self.location = ""
        self.hold: threading.Event | None = None
        """While set and not done, requests are kept and not answered."""
        catcher = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                catcher.posts.append(CaughtPost(self.path, headers, body))
                if catcher.hold is not None:
                    catcher.hold.wait(60)
                self.send_response(catcher.status)
                if catcher.location:
                    self.send_header("Location", catcher.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keeps the test's output as it is."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self.hold is not None:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
