"""Brings messages by HTTP: to Slack, and to programs, which can tell by a signature who sends."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from urllib.parse import urlsplit

from pointsman.control.drift.alerting.connecting import Connector
from pointsman.control.drift.alerting.words import document_of, lines_of
from pointsman.domain.drift.alerting.channels import WebhookChannel
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, Outcome
from pointsman.store.documents import dump_value

_AGAIN = frozenset((408, 425, 429))
"""Refusals that say to come again."""
_TLS = "https"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Signs a message: HMAC-SHA256 over its timestamp, a full stop and its body, in hexadecimal digits.

    Args:
        secret: The key, which both sides know.
        timestamp: Seconds since 1970 in UTC, in decimal digits, as the header has them.
        body: The bytes of the body.
    """
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def post_webhook(
    channel: WebhookChannel, connector: Connector, event: AlertEvent, delivery: Delivery, now_us: int
) -> Outcome:
    """Brings a message to a program.

    Args:
        channel: Where to.
        connector: Who connects.
        event: What is told.
        delivery: The message.
        now_us: The time, which is signed with the message.

    Returns:
        What came of it; that the program refuses the message is final.

    Raises:
        OSError: It cannot be reached.
        RefusedTargetError: It may not be connected to.
    """
    body = dump_value(document_of(event, delivery.delivery_id)).encode()
    timestamp = str(now_us // 1_000_000)
    headers = {"Pointsman-Delivery-Id": delivery.delivery_id, "Pointsman-Timestamp": timestamp}
    if channel.secret:
        headers["Pointsman-Signature"] = f"v1={signature(channel.secret, timestamp, body)}"
    return post(channel.url, connector, body, headers)


def post_slack(
    channel: WebhookChannel, connector: Connector, event: AlertEvent, delivery: Delivery
) -> Outcome:
    """Brings a message to an incoming webhook of Slack; the rest is as of :func:`post_webhook`.

    Args:
        channel: The webhook.
        connector: Who connects.
        event: What is told.
        delivery: The message.
    """
    plain = "\n".join(lines_of(event))
    # Nothing of a feature's name becomes a link or calls anybody.
    safe = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    body = dump_value({"text": f"{safe}\ndelivery {delivery.delivery_id}"}).encode()
    return post(channel.url, connector, body, {"Pointsman-Delivery-Id": delivery.delivery_id})


def post(url: str, connector: Connector, body: bytes, headers: dict[str, str]) -> Outcome:
    """Posts JSON and reads the status of the answer; no redirect is followed.

    Args:
        url: Where to.
        connector: Who connects.
        body: The JSON.
        headers: What else is said.

    Raises:
        OSError: It cannot be reached.
        RefusedTargetError: It may not be connected to.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == _TLS
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with connector.open(host, port) as connected:
        connection = http.client.HTTPConnection(host, port, timeout=connector.timeout_seconds)
        # One that is set is not made anew; the name stays that of the header and of the certificate.
        connection.auto_open = 0
        connection.sock = (
            connector.trust().wrap_socket(connected, server_hostname=host) if is_tls else connected
        )
        try:
            sent = {"Content-Type": "application/json", "User-Agent": "pointsman", "Connection": "close"}
            connection.request("POST", path, body, sent | headers)
            # What else it says does not matter, and is not waited for.
            status = connection.getresponse().status
        except http.client.HTTPException as error:
            return Outcome(f"it answers no HTTP: {type(error).__name__}", detail=f"{host}:{port}")
        finally:
            connection.close()
    return _outcome(status, f"{host}:{port}")


def _outcome(status: int, place: str) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    if 300 <= status < 400:
        return Outcome(f"it answers {status}; redirects are not followed", is_final=True, detail=place)
    return Outcome(f"it answers {status}", is_final=status < 500 and status not in _AGAIN, detail=place)
