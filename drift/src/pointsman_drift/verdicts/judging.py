"""When a measurement is a warning and when an alert."""

from pointsman_drift.algorithms.algorithm import Algorithm, Measurement, Thresholds
from pointsman_drift.verdicts.status import Status

WARNING_LEVEL = 0.05
"""Share of false discoveries that warnings may have."""
ALERT_LEVEL = 0.01
"""The same of alerts: with few rows whatever is significant is large, too, so that size alone parts them
not."""


def score_of(measurement: Measurement, is_calibrated: bool) -> float:
    """Answers what thresholds apply to."""
    if is_calibrated or measurement.plain_effect is None:
        return measurement.effect
    return measurement.plain_effect


def judge_calibrated(score: float, q_value: float | None, thresholds: Thresholds) -> Status:
    """Answers the status: large enough and more than chance.

    Args:
        score: The effect.
        q_value: The p-value adjusted over the analysis; None where there is no test.
        thresholds: Of the score.
    """
    q_value = 0.0 if q_value is None else q_value
    if score >= thresholds.alert and q_value <= ALERT_LEVEL:
        return Status.ALERT
    if score >= thresholds.warning and q_value <= WARNING_LEVEL:
        return Status.WARNING
    return Status.OK


def judge_plain(
    algorithm: Algorithm, score: float, p_value: float | None, override: Thresholds | None
) -> Status:
    """Answers the status by the plain table, whatever the numbers of rows.

    Args:
        algorithm: What measured it. Of those with a plain test p < 0.05 is a warning, and an alert from the
            alert's threshold on.
        score: The effect, nothing taken from it.
        p_value: Not adjusted.
        override: Thresholds that users set, which then decide alone.
    """
    limits = override or algorithm.thresholds
    if algorithm.plain_test and override is None and p_value is not None:
        if p_value >= WARNING_LEVEL:
            return Status.OK
        return Status.ALERT if score >= limits.alert else Status.WARNING
    if score >= limits.alert:
        return Status.ALERT
    return Status.WARNING if score >= limits.warning else Status.OK
