"""A mail server of this machine, which keeps what it is given: alerts of the demo arrive here."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Self

HOST = "127.0.0.1"
MAX_MESSAGES = 100
"""More are refused: the demo has a few."""


@dataclass(frozen=True)
class CaughtMail:
    """A message as it arrived.

    Attributes:
        recipients: Whom it was for.
        subject: What it is about.
        lines: Its text, line by line.
        delivery_id: By which the server's history of alerts names it.
    """

    recipients: tuple[str, ...]
    subject: str
    lines: tuple[str, ...]
    delivery_id: str


class MailCatcher:
    """Takes mail in a thread while its context lasts, on a port that the system chooses.

    Attributes:
        port: Where it listens.
    """

    def __init__(self) -> None:
        from aiosmtpd.smtp import SMTP

        self._mails: list[CaughtMail] = []
        self._loop = asyncio.new_event_loop()
        making = self._loop.create_server(lambda: SMTP(self, hostname=HOST, loop=self._loop), HOST, 0)
        self._server = self._loop.run_until_complete(making)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="mail-catcher")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        # Connections that are still open end with their tasks.
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def mails(self) -> list[CaughtMail]:
        """Answers what came so far, the oldest first."""
        return list(self._mails)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Takes a message; the library that speaks SMTP calls this by its name.

        Args:
            server: Who speaks.
            session: With whom.
            envelope: The message, from whom and to whom.
        """
        if len(self._mails) >= MAX_MESSAGES:
            return "452 the demo keeps no more messages"
        message = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=email.policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self._mails.append(
            CaughtMail(
                tuple(envelope.rcpt_tos),
                str(message["Subject"]),
                tuple(text.splitlines()),
                str(message["Pointsman-Delivery-Id"]),
            )
        )
        return "250 taken"


def mail_settings(port: int) -> dict[str, str]:
    """Answers settings of a server, as its environment has them, by which its alerts go to a port here.

    Args:
        port: Where a mail server listens, on this machine.
    """
    return {
        "POINTSMAN_ALERTS__SMTP__HOST": HOST,
        "POINTSMAN_ALERTS__SMTP__PORT": str(port),
        "POINTSMAN_ALERTS__SMTP__SECURITY": "none",
        # Nothing on this machine is connected to unless it is named.
        "POINTSMAN_ALERTS__ALLOWED_TARGETS": json.dumps([f"{HOST}:{port}"]),
    }
