"""Messages: to whom they go, and how often they are tried."""

from pointsman.domain.drift.alerting.events import (
    MAX_ATTEMPTS,
    RETRY_SECONDS,
    Delivery,
    DeliveryStatus,
    Outcome,
    Target,
    after,
    targets_of,
)
from pointsman.domain.drift.alerting.rules import AlertTier

PENDING = Delivery("d", Target("slack"), DeliveryStatus.PENDING, next_us=0)


def test_a_message_is_tried_ten_times_each_further_apart_and_then_given_up():
    stands, now_us = PENDING, 0
    waits = []
    while stands.next_us is not None:
        stands = after(stands, Outcome("no"), now_us)
        if stands.next_us is not None:
            waits.append((stands.next_us - now_us) // 1_000_000)
            now_us = stands.next_us
    assert waits == list(RETRY_SECONDS) == sorted(waits)
    assert (stands.attempts, stands.status) == (MAX_ATTEMPTS, DeliveryStatus.GIVEN_UP)
    assert sum(waits) < 24 * 3600


def test_a_refusal_for_good_is_tried_once():
    stands = after(PENDING, Outcome("404", is_final=True), 5)
    assert (stands.status, stands.attempts, stands.next_us, stands.tried_us) == (
        DeliveryStatus.GIVEN_UP,
        1,
        None,
        5,
    )


def test_what_is_taken_is_delivered_under_its_id():
    failed = after(PENDING, Outcome("no"), 5)
    stands = after(failed, Outcome(), 9)
    assert (stands.delivery_id, stands.status, stands.reason) == ("d", DeliveryStatus.DELIVERED, "")


def test_each_target_of_all_tiers_hears_once():
    tiers = (
        AlertTier("a", channels=("email", "slack")),
        AlertTier("b", channels=("slack", "email", "hook"), recipients=("b@x", "a@x")),
    )
    assert targets_of(tiers, ("a@x", "c@x")) == (
        Target("email", "a@x"),
        Target("email", "c@x"),
        Target("slack"),
        Target("email", "b@x"),
        Target("hook"),
    )


def test_an_e_mail_to_nobody_is_a_message_that_shows_it():
    assert targets_of((AlertTier("a", channels=("email",)),), ()) == (Target("email", ""),)
