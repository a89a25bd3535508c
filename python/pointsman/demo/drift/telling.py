"""Has the demo's model tell of drift by e-mail, and waits for what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import AlertDeliveryStatus, AlertFigure, AlertRule, AlertTier, NotificationSettings
from pointsman.demo.drift.waiting import wait_for
from pointsman.demo.errors import DemoError
from pointsman.demo.plans import MODEL

if TYPE_CHECKING:
    from pointsman.client import AsyncClient
    from pointsman.demo.drift.mail import CaughtMail, MailCatcher

RECIPIENT = "you@example.com"
EMAIL = "email"
RULES = (
    AlertRule("features", AlertFigure.SCORE, "psi", tiers=[AlertTier("alert", 0.25, channels=[EMAIL])]),
    AlertRule(
        "accuracy", AlertFigure.SCORE, "accuracy_drop", tiers=[AlertTier("alert", 0.1, channels=[EMAIL])]
    ),
)
"""One of what the model is given, one of how right it is."""
MAIL_SECONDS = 30.0


async def set_rules(client: AsyncClient) -> None:
    """Sets by which rules alerts fire, and who is told."""
    await client.drift.update_alerts(
        MODEL, notifications=NotificationSettings(email=True, recipients=[RECIPIENT])
    )
    await client.drift.update_alert_rules(MODEL, RULES)


async def count_alerts(client: AsyncClient) -> int:
    """Answers how many events of alerts the server has had to tell."""
    return len(await client.drift.alert_events(MODEL))


async def wait_for_mails(client: AsyncClient, catcher: MailCatcher) -> list[CaughtMail]:
    """Waits until each message that the server has to tell was taken here.

    Args:
        client: Calls the server.
        catcher: Where messages arrive.

    Returns:
        One for each message of the server's history of alerts, the oldest first.

    Raises:
        DemoError: No alert fired, or a message did not come in time.
    """
    if not await count_alerts(client):
        raise DemoError("no alert fired, although a feature and a label rule have changed")

    async def come() -> list[CaughtMail] | None:
        events = reversed(await client.drift.alert_events(MODEL))
        deliveries = [delivery for event in events for delivery in event.deliveries]
        if any(one.status is not AlertDeliveryStatus.DELIVERED for one in deliveries):
            return None
        # A message may come twice, under the same id.
        caught = {mail.delivery_id: mail for mail in catcher.mails()}
        return [caught[one.delivery_id] for one in deliveries if one.delivery_id in caught] or None

    return await wait_for(come, MAIL_SECONDS, "the server's alerts were not all delivered by e-mail")
