"""How drift of models is judged and told: reading it and changing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from pointsman.control.drift import models
from pointsman.control.drift.alerting.telling import begin_anew, effective
from pointsman.domain.drift.alerts import (
    AlertChanges,
    AlertSettings,
    ParameterCheck,
    changed,
    check_settings,
)
from pointsman.domain.keys import Principal
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings
from pointsman.store.drift.alerting import rules

if TYPE_CHECKING:
    from pointsman_drift import Algorithm


class AlertDesk:
    """Keeps and tells settings.

    Args:
        database: Where they are.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def settings(self, caller: Principal, model_id: str) -> AlertSettings:
        """Answers what holds for a model, with defaults where nothing was set.

        Raises:
            NotFoundError: There is no such model, or the caller may not know of it.
        """
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            return alert_settings.of_model(connection, model.row_key)

    def update(self, caller: Principal, model_id: str, changes: AlertChanges) -> None:
        """Changes what holds for a model; where the default rule changes, its alert ends without a message.

        Args:
            caller: Who asks.
            model_id: The model.
            changes: What shall be set; the rest stays as it is.

        Raises:
            InvalidArgumentError: What would hold then is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
        """
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            # The model's row is there also while nothing was set.
            rules.lock(connection, model.row_key)
            before = alert_settings.of_model(connection, model.row_key)
            settings = changed(before, changes)
            check_settings(settings, known_algorithms(), lacking_algorithms())
            begin_anew(
                connection,
                model.row_key,
                effective(connection, model.row_key, before),
                effective(connection, model.row_key, settings),
            )
            now_us = servers.clock_us(connection, self._clock())
            alert_settings.save(connection, model.row_key, settings, now_us)


@cache
def known_algorithms() -> Mapping[str, Mapping[str, ParameterCheck]]:
    """Answers by algorithm and parameter who checks a value; those of entry points are there, too."""
    return {
        one.name: {parameter: partial(one.fault_of, parameter) for parameter in one.parameters}
        for one in _of_analyses()
    }


def lacking_algorithms() -> dict[str, str]:
    """Answers by algorithm that cannot run, for a package is not there, what to install."""
    return {one.name: what for one in _of_analyses() if (what := one.find_lacking())}


@cache
def default_algorithms() -> tuple[str, ...]:
    """Answers the algorithms that run where none is named: what keeps a state is named."""
    from pointsman_drift import AlgorithmKind

    return tuple(
        one.name for one in _of_analyses() if one.is_default and one.kind is not AlgorithmKind.STREAMING
    )


def _of_analyses() -> list[Algorithm]:
    """Answers what analyses run; of streams what comes with the library, whose state they can keep."""
    from pointsman_drift import AlgorithmKind, algorithms
    from pointsman_drift.streaming.detectors import DETECTORS

    return [
        one
        for one in algorithms().values()
        if one.kind is not AlgorithmKind.STREAMING or one.name in DETECTORS
    ]
