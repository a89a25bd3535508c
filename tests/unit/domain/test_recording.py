"""Recorded entities, metrics and their checks."""

import math

import pytest

from pointsman.domain.metrics import MetricDefinition, MetricType
from pointsman.domain.recording import EntityRecording, Recording, hashed_entity, recorded_entity
from pointsman.domain.recording_checks import check_metrics, check_recording
from pointsman.domain.records.lake import confined
from pointsman.domain.violations import Violations
from pointsman.errors import InvalidArgumentError

KEY = bytes(range(32))


def test_an_entity_is_recorded_plain_hashed_or_not_at_all():
    hashed = recorded_entity(Recording(entity=EntityRecording.HMAC), KEY, "ü")
    assert recorded_entity(Recording(), KEY, "ü") == "ü"
    assert hashed == hashed_entity(KEY, "ü") == "a90e88ea6eadde08d56b5a28dbe75cec"
    assert recorded_entity(Recording(entity=EntityRecording.NONE), KEY, "ü") == ""
    assert hashed_entity(bytes(32), "ü") != hashed
    # The data plane's own test says the same.
    assert hashed_entity(bytes([7]) * 32, "alice") == "6a8851c590ddeb5a2ea0a50374798bce"


def fields_of(check, *given):
    found = Violations()
    check(found, "f", *given)
    try:
        found.raise_if_any()
    except InvalidArgumentError as error:
        return [violation.field for violation in error.fields]
    return []


@pytest.mark.parametrize(
    ("recording", "field"),
    [
        (Recording(features_share=1.5), "f.features_share"),
        (Recording(features_share=math.nan), "f.features_share"),
        (Recording(exclude_features=tuple(map(str, range(1001)))), "f.exclude_features"),
        (Recording(exclude_features=("",)), "f.exclude_features[0]"),
        (Recording(max_body_bytes=0), "f.max_body_bytes"),
        (Recording(max_body_bytes=4 * 2**20 + 1), "f.max_body_bytes"),
        (Recording(retention_days=-1), "f.retention_days"),
        (Recording(retention_bytes=-1), "f.retention_bytes"),
    ],
)
def test_what_cannot_be_recorded_is_refused_by_the_field(recording, field):
    assert fields_of(check_recording, recording) == [field]


def test_the_limits_themselves_are_taken():
    features = tuple(map(str, range(1000)))
    assert fields_of(check_recording, Recording(0.0, features, 4 * 2**20)) == []
    assert fields_of(check_metrics, [MetricDefinition(f"m{number}") for number in range(100)]) == []


@pytest.mark.parametrize(
    ("metrics", "field"),
    [
        ([MetricDefinition(f"m{number}") for number in range(101)], "f"),
        ([MetricDefinition("no name")], "f[0].name"),
        ([MetricDefinition("a"), MetricDefinition("a")], "f[1].name"),
        ([MetricDefinition("a", min_value=2, max_value=1)], "f[0].min_value"),
        ([MetricDefinition("a", min_value=math.nan)], "f[0].min_value"),
        ([MetricDefinition("a", max_value=math.inf)], "f[0].max_value"),
        ([MetricDefinition("a", MetricType.BINARY, min_value=2)], "f[0].min_value"),
        ([MetricDefinition("a", MetricType.COUNT, max_value=-1)], "f[0].max_value"),
    ],
)
def test_metrics_that_make_no_sense_are_refused_by_the_field(metrics, field):
    assert fields_of(check_metrics, metrics) == [field]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "a\x00b", "out/x", "a/file", "a/gone"]
)
def test_no_path_leads_out_of_the_lake(tmp_path, path):
    lake = tmp_path / "lake"
    (lake / "a").mkdir(parents=True)
    (lake / "out").symlink_to(tmp_path)
    (lake / "a" / "file").symlink_to(__file__)
    (lake / "a" / "gone").symlink_to(tmp_path / "nothing" / "there")
    with pytest.raises(ValueError, match="does not lie in the lake"):
        confined(lake, path)


def test_paths_and_links_within_the_lake_are_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    lake = tmp_path / "lake"
    lake.symlink_to(tmp_path / "elsewhere")
    (lake / "a").mkdir()
    (lake / "b").symlink_to(lake / "a")
    for path in ("a/x", "b/x", "not/there", "./a"):
        assert confined(lake, path) == lake / path
