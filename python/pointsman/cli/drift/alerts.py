"""``pointsman drift alerts settings``: how drift of a model is judged and told."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.drift.options import ModelArgument
from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandContext, context_of
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from pointsman.client import AlertConfig


class CalibrationName(StrEnum):
    """Whether figures are judged together."""

    ON = "on"
    OFF = "off"


class FrequencyName(StrEnum):
    """How often a model is analysed by itself."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


def settings(
    context: commandline.Context,
    model_id: ModelArgument,
    enabled: Annotated[
        bool | None, commandline.Option("--enable/--disable", help="Whether alerts are told.")
    ] = None,
    algorithm: Annotated[
        list[str] | None, commandline.Option(help="An algorithm that runs; once for each, in place of all.")
    ] = None,
    threshold: Annotated[
        list[str] | None,
        commandline.Option(
            metavar="NAME=WARNING:ALERT", help="Scores from which an algorithm's figures are told."
        ),
    ] = None,
    calibration: Annotated[
        CalibrationName | None, commandline.Option(help="Whether figures are judged together.")
    ] = None,
    min_rows: Annotated[
        int | None, commandline.Option(min=1, help="Rows below which a baseline is not compared with.")
    ] = None,
    email: Annotated[
        bool | None, commandline.Option("--email/--no-email", help="Whether e-mail tells the overall status.")
    ] = None,
    slack: Annotated[
        bool | None, commandline.Option("--slack/--no-slack", help="Whether Slack tells the overall status.")
    ] = None,
    recipient: Annotated[
        list[str] | None,
        commandline.Option(metavar="ADDRESS", help="Who gets e-mails; once for each, in place of all."),
    ] = None,
    schedule: Annotated[
        bool | None, commandline.Option("--schedule/--no-schedule", help="Whether it is analysed by itself.")
    ] = None,
    frequency: Annotated[FrequencyName | None, commandline.Option(help="How often.")] = None,
    days: Annotated[float | None, commandline.Option(help="Days of predictions that are compared.")] = None,
) -> None:
    """Show how drift of a model is judged; with options, change it first. What is not named stays."""
    from pointsman.client import (
        AlgorithmOverride,
        AlgorithmSettings,
        AnalysisFrequency,
        Calibration,
        NotificationSettings,
        ScheduleSettings,
    )

    options = context_of(context)
    thresholds = dict(map(_thresholds, threshold or []))
    planned = ScheduleSettings(
        schedule,
        AnalysisFrequency(frequency.value) if frequency else AnalysisFrequency.UNSPECIFIED,
        days,
    )
    told = NotificationSettings(email, slack, recipient)
    given = (enabled, algorithm, threshold, calibration, min_rows, *vars(told).values())
    planning = (schedule, frequency, days)
    with options.connect() as client:
        if any(one is not None for one in (*given, *planning)):
            # What is given of an algorithm takes the place of all that was set for it.
            was = (client.drift.alerts(model_id).algorithms.overrides or {}) if thresholds else {}
            overrides = {
                name: dataclasses.replace(
                    was.get(name, AlgorithmOverride()), warning_threshold=warning, alert_threshold=alert
                )
                for name, (warning, alert) in thresholds.items()
            }
            client.drift.update_alerts(
                model_id,
                enabled=enabled,
                algorithms=AlgorithmSettings(algorithm, overrides),
                calibration=Calibration(calibration.value) if calibration else Calibration.UNSPECIFIED,
                min_baseline_sample_size=min_rows,
                notifications=told,
                schedule=planned,
            )
        found = client.drift.alerts(model_id)
    _show(options, found)


def _thresholds(item: str) -> tuple[str, tuple[float, float]]:
    name, _, values = item.partition("=")
    warning, _, alert = values.partition(":")
    try:
        return name, (float(warning), float(alert))
    except ValueError:
        raise commandline.BadParameter(
            f"{item!r} is not NAME=WARNING:ALERT, for example ks_test=0.1:0.2", param_hint="--threshold"
        ) from None


def _show(options: CommandContext, found: AlertConfig) -> None:
    if options.as_json:
        printing.print_json(found)
        return
    schedule, told = found.schedule, found.notifications
    overrides = found.algorithms.overrides or {}
    printing.print_facts(
        [
            ("model", found.model_id),
            ("alerts", "told" if found.enabled else "not told"),
            ("algorithms", ", ".join(found.algorithms.enabled or ())),
            *(
                (f"thresholds of {name}", f"warning {one.warning_threshold:g}, alert {one.alert_threshold:g}")
                for name, one in sorted(overrides.items())
                if one.warning_threshold is not None and one.alert_threshold is not None
            ),
            ("calibration", found.calibration.value),
            ("least rows of a baseline", found.min_baseline_sample_size),
            (
                "accuracy drop",
                f"warning {found.accuracy_drop_warning:g}, alert {found.accuracy_drop_alert:g}",
            ),
            ("schedule", schedule.frequency.value if schedule.enabled else "none"),
            ("window", f"{schedule.time_window_days:g} days"),
            ("e-mail to", ", ".join(told.recipients or ()) if told.email else ""),
            ("Slack", "yes" if told.slack else "no"),
        ]
    )
