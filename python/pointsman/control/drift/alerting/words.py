"""Events in words, as people and programs are told of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsman.domain.drift.alerting.events import AlertEvent
from pointsman.domain.drift.alerting.states import AlertEventKind

MAX_REASON_CHARS = 300
_MAX_TITLE_CHARS = 200
_TITLES = {
    AlertEventKind.FIRING: "drift",
    AlertEventKind.ESCALATED: "more drift",
    AlertEventKind.REPEATED: "drift goes on",
    AlertEventKind.RECOVERED: "drift is over",
    AlertEventKind.ENDED: "drift can be judged no more",
}


def moment_of(time_us: int) -> datetime:
    """Answers a time of UTC microseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def one_line(text: str, most: int = MAX_REASON_CHARS) -> str:
    """Answers a text without line ends and other marks that no one sees, cut to a length."""
    seen = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return seen if len(seen) <= most else seen[: most - 1] + "…"


def title_of(event: AlertEvent) -> str:
    """Answers what an event tells in a line."""
    if event.kind is AlertEventKind.TEST:
        return f"[pointsman] test of alerts of {event.model_id}"
    return one_line(
        f"[pointsman] {event.model_id}: {_TITLES[event.kind]}, {event.rule} ({event.tier})", _MAX_TITLE_CHARS
    )


def lines_of(event: AlertEvent) -> list[str]:
    """Answers what an event tells, line by line."""
    if event.kind is AlertEventKind.TEST:
        return [title_of(event), "", "This is a test. Alerts of this model arrive here."]
    facts: Iterable[tuple[str, str]] = (
        ("model", event.model_id),
        ("rule", event.rule),
        ("tier", event.tier),
        ("event", event.kind.value),
        ("found", one_line(event.summary, 2_000)),
        ("time", moment_of(event.create_time_us).isoformat(timespec="seconds")),
        ("result", event.result_id),
        ("alert", event.alert_id),
    )
    shown = f"pointsman drift results {event.model_id} --latest"
    return [title_of(event), "", *(f"{name}: {text}" for name, text in facts), "", f"See: {shown}"]


def document_of(event: AlertEvent, delivery_id: str) -> dict[str, Any]:
    """Answers what programs are told of an event, as JSON has it.

    Args:
        event: The event.
        delivery_id: The message; each try carries it.
    """
    return {
        "deliveryId": delivery_id,
        "eventId": event.event_id,
        "kind": event.kind.value,
        "modelId": event.model_id,
        "rule": event.rule,
        "tier": event.tier,
        "alertId": event.alert_id,
        "resultId": event.result_id,
        "summary": event.summary,
        "findings": [{"name": name, "value": value} for name, value in event.findings],
        "createdAt": moment_of(event.create_time_us).isoformat(),
    }
