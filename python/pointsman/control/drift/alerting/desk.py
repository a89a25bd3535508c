"""Rules, mutes, tests and the history of a model's alerts, for those who may ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.drift import models
from pointsman.control.drift.alert_settings import known_algorithms
from pointsman.control.drift.alerting.telling import begin_anew, effective
from pointsman.control.drift.predictions import limit_of
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, targets_of
from pointsman.domain.drift.alerting.rules import AlertRule, AlertTier, check_rules
from pointsman.domain.drift.alerting.states import AlertEventKind, AlertState
from pointsman.domain.drift.alerts import check_recipients
from pointsman.domain.keys import Principal
from pointsman.domain.models import Model
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.domain.violations import Violations, shown
from pointsman.errors import FailedPreconditionError, InvalidArgumentError, ResourceExhaustedError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings
from pointsman.store.drift.alerting import events, rules
from pointsman.store.drift.ids import new_id

MAX_MUTE_DAYS = 366
MAX_TEST_MESSAGES_PER_HOUR = 300
"""Of a model: whoever may change one shall not fill strangers' mailboxes by it."""
_DEFAULT_EVENTS = 50
_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class StandingRule:
    """A rule, and how it stands.

    Attributes:
        muted_until_us: Until when it is muted, in UTC microseconds; None when it is not.
    """

    rule: AlertRule
    state: AlertState
    muted_until_us: int | None


@dataclass(frozen=True)
class StandingRules:
    """The rules of a model."""

    rules: tuple[StandingRule, ...]
    is_default: bool


class AlertRuleDesk:
    """Keeps and tells what alerts fire by, and what was told.

    Args:
        database: Where it is kept.
        channels: The names of the channels of this server.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, channels: Sequence[str], clock: Callable[[], int]) -> None:
        self._database = database
        self.channels = tuple(channels)
        self._clock = clock

    def rules(self, caller: Principal, model_id: str) -> StandingRules:
        """Answers the rules of a model, the default one where none were set, and how each stands.

        Raises:
            NotFoundError: There is no such model, or the caller may not know of it.
        """
        with self._database.read() as connection:
            return self._standing(connection, models.readable(connection, caller, model_id))

    def put_rules(self, caller: Principal, model_id: str, wanted: Sequence[AlertRule]) -> StandingRules:
        """Replaces the rules of a model; alerts of those that change end without a message.

        Args:
            caller: Who asks.
            model_id: The model.
            wanted: The rules; none for the default.

        Raises:
            InvalidArgumentError: A rule is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
        """
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            check_rules(wanted, self.channels, known_algorithms())
            rules.lock(connection, model.row_key)
            settings = alert_settings.of_model(connection, model.row_key)
            before = effective(connection, model.row_key, settings)
            rules.save(connection, model.row_key, wanted, self._clock())
            after = effective(connection, model.row_key, settings)
            begin_anew(connection, model.row_key, before, after)
            return self._standing(connection, model)

    def mute(self, caller: Principal, model_id: str, rule: str, until_us: int | None) -> StandingRules:
        """Keeps alerts still until a time.

        Args:
            caller: Who asks.
            model_id: The model.
            rule: Which rule; empty for all.
            until_us: Until when, in UTC microseconds; None ends the mute.

        Raises:
            InvalidArgumentError: There is no such rule, or the time has passed or is too far ahead.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
        """
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            now_us = servers.clock_us(connection, self._clock())
            rules.lock(connection, model.row_key)
            settings = alert_settings.of_model(connection, model.row_key)
            known = [one.name for one in effective(connection, model.row_key, settings)]
            if rule and rule not in known:
                raise InvalidArgumentError.at(
                    "rule", f"{shown(rule)} is no rule of the model; it has {', '.join(known)}"
                )
            if until_us is not None:
                last_us = now_us + MAX_MUTE_DAYS * MICROSECONDS_PER_DAY
                if not now_us < until_us <= last_us:
                    raise InvalidArgumentError.at(
                        "until",
                        f"is not ahead of now by at most {MAX_MUTE_DAYS} days; leave it out to unmute",
                    )
            rules.mute(connection, model.row_key, rule, until_us, now_us)
            return self._standing(connection, model)

    def send_test(
        self, caller: Principal, model_id: str, channels: Sequence[str], recipients: Sequence[str]
    ) -> tuple[AlertEvent, tuple[Delivery, ...]]:
        """Puts a test into the outbox, from where it goes the way of every message.

        Args:
            caller: Who asks.
            model_id: The model.
            channels: Where to; none for all that the rules name.
            recipients: E-mail addresses; none for those of the rules and settings.

        Raises:
            FailedPreconditionError: The rules name no channel.
            InvalidArgumentError: A channel is not there, or an address is none.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
            ResourceExhaustedError: Tests would have too many messages within an hour.
        """
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            self._check_test(channels, recipients)
            rules.lock(connection, model.row_key)
            settings = alert_settings.of_model(connection, model.row_key)
            asked: tuple[AlertTier, ...] = (
                AlertTier("test", channels=tuple(channels), recipients=tuple(recipients)),
            )
            if not channels:
                of_rules = effective(connection, model.row_key, settings)
                asked = tuple(
                    AlertTier("test", channels=tier.channels, recipients=tuple(recipients) or tier.recipients)
                    for rule in of_rules
                    for tier in rule.tiers
                )
            targets = targets_of(asked, settings.recipients)
            if not targets:
                raise FailedPreconditionError(
                    f"the alerts of model {model_id!r} go to no channel: name one here, in its rules, or "
                    "switch notifications.email or notifications.slack on",
                    reason="NO_ALERT_CHANNEL",
                    metadata={"model_id": model_id},
                )
            now_us = servers.clock_us(connection, self._clock())
            sent = events.test_messages_since(connection, model.row_key, now_us - _HOUR_US)
            if sent + len(targets) > MAX_TEST_MESSAGES_PER_HOUR:
                raise ResourceExhaustedError(
                    f"tests of model {model_id!r} had {sent} messages in the last hour, and this one has "
                    f"{len(targets)}; at most {MAX_TEST_MESSAGES_PER_HOUR} are sent: name fewer channels or "
                    "recipients, or wait; its alert events say what came of them"
                )
            event = AlertEvent(new_id(), model_id, AlertEventKind.TEST, now_us, summary="a test")
            events.add(connection, model.row_key, event, targets)
            return events.newest(connection, model.row_key, 1, event_id=event.event_id)[0]

    def history(
        self, caller: Principal, model_id: str, limit: int, rule: str
    ) -> list[tuple[AlertEvent, tuple[Delivery, ...]]]:
        """Answers what was told of a model, newest first.

        Args:
            caller: Who asks.
            model_id: The model.
            limit: At most so many; 0 means 50.
            rule: Only events of this rule; empty for all.

        Raises:
            InvalidArgumentError: The limit is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
        """
        most = limit_of(limit, _DEFAULT_EVENTS)
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            return events.newest(connection, model.row_key, most, rule)

    def _check_test(self, channels: Sequence[str], recipients: Sequence[str]) -> None:
        found = Violations()
        for index, name in enumerate(channels):
            if name not in self.channels:
                found.add(
                    f"channels[{index}]",
                    f"{shown(name)} is no channel of this server; it has {', '.join(self.channels)}",
                )
        check_recipients(found, "recipients", tuple(recipients))
        found.raise_if_any()

    def _standing(self, connection: Connection, model: Model) -> StandingRules:
        settings = alert_settings.of_model(connection, model.row_key)
        now_us = servers.clock_us(connection, self._clock())
        states = rules.states(connection, model.row_key)
        mutes = rules.mutes(connection, model.row_key, now_us)
        of_all = mutes.get(rules.EVERY_RULE, 0)
        return StandingRules(
            tuple(
                StandingRule(
                    rule,
                    states.get(rule.name, AlertState()),
                    max(of_all, mutes.get(rule.name, 0)) or None,
                )
                for rule in effective(connection, model.row_key, settings)
            ),
            is_default=not rules.of_model(connection, model.row_key),
        )
