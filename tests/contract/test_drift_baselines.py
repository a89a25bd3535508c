"""Baselines: what is taken, which is active; and how drift is judged and told."""

from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from pointsman.v1 import drift_pb2

from .drift_by_hand import a_baseline, labeled, listed

FEATURES: dict[str, list[Any]] = {
    "age": [25, 30, 42],
    "income": [50000, 60000, None],
    "plan": ["a", "b", "a"],
}
ALERTS = drift_pb2.GetAlertConfigRequest(model_id="cancer")


def alert_changes(**fields):
    return drift_pb2.UpdateAlertConfigRequest(model_id="cancer", **fields)


async def active(user):
    return await user.drift.GetActiveBaseline(drift_pb2.GetActiveBaselineRequest(model_id="cancer"))


async def test_a_baseline_is_told_as_it_was_posted_with_blocks_of_other_lengths(cancer):
    request = a_baseline(
        FEATURES,
        target_data=drift_pb2.TargetData(
            type=drift_pb2.DRIFT_TASK_CLASSIFICATION, values=listed(["approved", "denied"])
        ),
        labeled_predictions=labeled([[0.1, 0.9], [0.7, 0.3]], ["approved", "denied"], ["approved", "denied"]),
    )
    baseline_id = (await cancer.drift.CreateBaseline(request)).baseline_id
    told = MessageToDict(await active(cancer))
    assert told.pop("createdAt")
    assert told == MessageToDict(request) | {
        "baselineId": baseline_id,
        "active": True,
        "sampleSize": 3,
        "classLabels": ["denied", "approved"],
    }


async def test_the_first_baseline_is_active_until_another_is_chosen(cancer, failing):
    first = (await cancer.drift.CreateBaseline(a_baseline(FEATURES, "v1"))).baseline_id
    second = (await cancer.drift.CreateBaseline(a_baseline(FEATURES, "v2"))).baseline_id
    assert (await active(cancer)).baseline_id == first
    answer = await cancer.drift.SetActiveBaseline(
        drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id=second)
    )
    assert (answer.activated, answer.baseline_id) == (True, second)
    listed_ones = await cancer.drift.GetBaselines(drift_pb2.GetBaselinesRequest(model_id="cancer"))
    assert [(one.version, one.active) for one in listed_ones.baselines] == [("v2", True), ("v1", False)]
    assert not listed_ones.baselines[0].feature_data
    failure = await failing(
        cancer.drift.SetActiveBaseline(
            drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id="nothing")
        )
    )
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "BASELINE_NOT_FOUND")


async def test_a_version_that_is_there_is_refused(cancer, failing):
    await cancer.drift.CreateBaseline(a_baseline(FEATURES))
    failure = await failing(cancer.drift.CreateBaseline(a_baseline(FEATURES)))
    assert (failure.code, failure.reason) == (grpc.StatusCode.ALREADY_EXISTS, "BASELINE_EXISTS")


@pytest.mark.parametrize(
    ("request_of", "field"),
    [
        (lambda: a_baseline({}), "feature_data"),
        (lambda: a_baseline({"age": [1, 2], "plan": ["a"]}), "feature_data.plan"),
        (lambda: a_baseline({"age": [1, "two"]}), "feature_data.age[1]"),
        (lambda: a_baseline({"age": [1], "Age": [2]}), "feature_data.age"),
        (lambda: a_baseline(FEATURES, "no version"), "version"),
        (
            lambda: a_baseline(FEATURES, target_data=drift_pb2.TargetData(values=listed(["a"]))),
            "target_data.type",
        ),
        (
            lambda: a_baseline(FEATURES, labeled_predictions=labeled([[0.2, 0.8]], ["a"], ["a", "b"])),
            "labeled_predictions",
        ),
        (
            lambda: a_baseline(FEATURES, labeled_predictions=labeled([[0.2, 0.9]], ["a"], ["a"])),
            "labeled_predictions.probabilities[0]",
        ),
        (
            lambda: a_baseline(
                FEATURES, labeled_predictions=labeled([[0.2, 0.8], [0.3, 0.7]], ["a", "b"], ["a", "b"])
            ),
            "labeled_predictions.probabilities",
        ),
    ],
)
async def test_a_baseline_that_cannot_be_is_refused_with_its_field(cancer, failing, request_of, field):
    failure = await failing(cancer.drift.CreateBaseline(request_of()))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [field]


async def test_settings_have_defaults_where_nothing_was_set(cancer):
    told = MessageToDict(await cancer.drift.GetAlertConfig(ALERTS), always_print_fields_with_no_presence=True)
    assert "psi" in told["algorithms"].pop("enabled")
    assert told == {
        "modelId": "cancer",
        "enabled": True,
        "algorithms": {"overrides": {}},
        "accuracyDropWarning": 0.05,
        "accuracyDropAlert": 0.1,
        "minBaselineSampleSize": 30,
        "notifications": {"email": False, "slack": False, "recipients": []},
        "schedule": {"enabled": False, "frequency": "ANALYSIS_FREQUENCY_DAILY", "timeWindowDays": 7.0},
        "calibration": "CALIBRATION_ON",
    }


async def test_settings_that_are_not_given_stay_as_they_are(cancer):
    await cancer.drift.UpdateAlertConfig(
        alert_changes(
            algorithms=drift_pb2.AlgorithmSettings(
                enabled=listed(["ks_test", "psi"]),
                overrides={
                    "ks_test": drift_pb2.AlgorithmOverride(warning_threshold=0.15, alert_threshold=0.3)
                },
            ),
            notifications=drift_pb2.NotificationSettings(email=True, recipients=listed(["ops@example.com"])),
            accuracy_drop_alert=0.2,
        )
    )
    before = await cancer.drift.GetAlertConfig(ALERTS)
    await cancer.drift.UpdateAlertConfig(alert_changes(enabled=False, calibration=drift_pb2.CALIBRATION_OFF))
    after = await cancer.drift.GetAlertConfig(ALERTS)
    assert not after.enabled
    assert after.calibration == drift_pb2.CALIBRATION_OFF
    after.enabled, after.calibration = before.enabled, before.calibration
    assert after == before
    assert before.algorithms.overrides["ks_test"].alert_threshold == 0.3
    assert list(before.notifications.recipients) == ["ops@example.com"]


async def test_an_empty_override_takes_an_algorithm_s_away_and_leaves_the_others(cancer):
    override = drift_pb2.AlgorithmOverride(warning_threshold=0.15, alert_threshold=0.3)
    settings = drift_pb2.AlgorithmSettings(overrides={"ks_test": override, "psi": override})
    await cancer.drift.UpdateAlertConfig(alert_changes(algorithms=settings))
    settings = drift_pb2.AlgorithmSettings(overrides={"ks_test": drift_pb2.AlgorithmOverride()})
    await cancer.drift.UpdateAlertConfig(alert_changes(algorithms=settings))
    told = await cancer.drift.GetAlertConfig(ALERTS)
    assert list(told.algorithms.overrides) == ["psi"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"algorithms": {"enabled": ["ks"]}}, "algorithms.enabled[0]"),
        ({"algorithms": {"enabled": []}}, "algorithms.enabled"),
        ({"algorithms": {"overrides": {"ks": {}}}}, ""),
        (
            {"algorithms": {"overrides": {"psi": {"warning_threshold": 0.1}}}},
            "algorithms.overrides.psi",
        ),
        (
            {"algorithms": {"overrides": {"psi": {"params": {"bins": 3}}}}},
            "algorithms.overrides.psi.params",
        ),
        ({"accuracy_drop_warning": 0.3}, "accuracy_drop_alert"),
        ({"accuracy_drop_warning": float("nan")}, "accuracy_drop_warning"),
        ({"min_baseline_sample_size": 0}, "min_baseline_sample_size"),
        ({"schedule": {"time_window_days": 0}}, "schedule.time_window_days"),
        ({"schedule": {"time_window_days": 1e-12}}, "schedule.time_window_days"),
        ({"notifications": {"recipients": ["nobody"]}}, "notifications.recipients[0]"),
    ],
)
async def test_settings_that_cannot_be_are_refused_with_their_field(cancer, failing, fields, field):
    def made(name, given):
        kinds = {
            "algorithms": drift_pb2.AlgorithmSettings,
            "schedule": drift_pb2.ScheduleSettings,
            "notifications": drift_pb2.NotificationSettings,
        }
        if name not in kinds:
            return given
        given = {key: listed(one) if isinstance(one, list) else one for key, one in given.items()}
        if "overrides" in given:
            given["overrides"] = {
                key: drift_pb2.AlgorithmOverride(**one) for key, one in given["overrides"].items()
            }
        return kinds[name](**given)

    request = alert_changes(**{name: made(name, given) for name, given in fields.items()})
    if not field:
        # To take away what is not there is nothing wrong.
        await cancer.drift.UpdateAlertConfig(request)
        return
    failure = await failing(cancer.drift.UpdateAlertConfig(request))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert field in failure.fields
