"""What is told of alerts, to whom, and how each message stands."""

from dataclasses import dataclass
from enum import StrEnum

from pointsman.domain.drift.alerting.judging import Findings
from pointsman.domain.drift.alerting.rules import EMAIL, AlertTier
from pointsman.domain.drift.alerting.states import AlertEventKind

RETRY_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
"""How long after each try that failed the next one is: ten tries in 16 hours, which is a night."""
MAX_ATTEMPTS = len(RETRY_SECONDS) + 1


class DeliveryStatus(StrEnum):
    """How a message stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class Target:
    """Where a message goes.

    Attributes:
        channel: The channel.
        recipient: Of an e-mail the address, empty where nobody is set; else empty.
    """

    channel: str
    recipient: str = ""


@dataclass(frozen=True)
class AlertEvent:
    """Something that is told. A test has no rule, tier, alert and result.

    Attributes:
        tier: The name of the tier.
        summary: What was found, in a sentence.
        findings: Features that meet the tier, with the figure of each.
    """

    event_id: str
    model_id: str
    kind: AlertEventKind
    create_time_us: int
    rule: str = ""
    tier: str = ""
    alert_id: str = ""
    result_id: str = ""
    summary: str = ""
    findings: Findings = ()


@dataclass(frozen=True)
class Delivery:
    """A message to one target. Times are UTC microseconds by the database's clock.

    Attributes:
        delivery_id: Each try carries it.
        attempts: How often it was tried.
        reason: Why it was not taken, or what it waits for that was not tried.
        tried_us: When it was last tried; None for never.
        next_us: When it is tried next; None when it is not.
    """

    delivery_id: str
    target: Target
    status: DeliveryStatus
    attempts: int = 0
    reason: str = ""
    tried_us: int | None = None
    next_us: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a try.

    Attributes:
        reason: Why it was not taken; empty when it was.
        is_final: Whether another try cannot end otherwise.
        detail: What the server's log says besides: where the target is, which is its operator's to know.
    """

    reason: str = ""
    is_final: bool = False
    detail: str = ""


def after(delivery: Delivery, outcome: Outcome, now_us: int) -> Delivery:
    """Answers how a message stands after a try.

    Args:
        delivery: How it stood.
        outcome: What came of the try.
        now_us: The time.
    """
    attempts = delivery.attempts + 1
    if not outcome.reason:
        status, next_us = DeliveryStatus.DELIVERED, None
    elif outcome.is_final or attempts >= MAX_ATTEMPTS:
        status, next_us = DeliveryStatus.GIVEN_UP, None
    else:
        status, next_us = DeliveryStatus.FAILED, now_us + RETRY_SECONDS[attempts - 1] * 1_000_000
    return Delivery(delivery.delivery_id, delivery.target, status, attempts, outcome.reason, now_us, next_us)


def targets_of(tiers: tuple[AlertTier, ...], recipients: tuple[str, ...]) -> tuple[Target, ...]:
    """Answers where a message goes that tiers are told, each target once.

    Args:
        tiers: The tiers.
        recipients: The addresses of the model's settings, for tiers without their own.
    """
    found: dict[Target, None] = {}
    for tier in tiers:
        for channel in tier.channels:
            if channel == EMAIL:
                # Without an address the message is given up, which the history shows.
                for address in tier.recipients or recipients or ("",):
                    found[Target(EMAIL, address)] = None
            else:
                found[Target(channel)] = None
    return tuple(found)
