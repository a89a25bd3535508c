"""The control plane's limits are the data plane's: what one takes the other does not refuse."""

import math
from collections.abc import Iterator

import pytest
from annotated_types import Ge, Le
from pydantic import BaseModel

from pointsman import _core
from pointsman.domain import model_checks, recording_checks, router_checks, violations
from pointsman.domain.records import feedback
from pointsman.settings import JournalSettings, Limits, Settings

FIXED = {
    "id_bytes": violations.MAX_ID_BYTES,
    "entity_id_bytes": violations.MAX_ENTITY_ID_BYTES,
    "router.variants": router_checks.MAX_VARIANTS,
    "router.metrics": recording_checks.MAX_METRICS,
    "router.recording.max_body_bytes": recording_checks.MAX_BODY_BYTES,
    "router.recording.exclude_features": recording_checks.MAX_EXCLUDED_FEATURES,
    "clock_skew_us": feedback.CLOCK_SKEW_US,
}


def ranges(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, tuple[float, float]]]:
    """The bounds of every number of a model, by its path."""
    for name, field in model.model_fields.items():
        if field.annotation not in (int, float):
            continue
        least, most = -math.inf, math.inf
        for bound in field.metadata:
            if isinstance(bound, Ge):
                least = float(bound.ge)  # type: ignore[arg-type]
            elif isinstance(bound, Le):
                most = float(bound.le)  # type: ignore[arg-type]
        yield prefix + name, (least, most)


def test_the_settings_may_be_what_the_data_plane_takes() -> None:
    # 0 threads means one for each processor, which is the control plane's to find out.
    least, most = dict(ranges(Settings, ""))["threads"]
    stated = {
        "threads": (least + 1, most),
        **dict(ranges(Limits, "limits.")),
        **dict(ranges(JournalSettings, "journal.")),
    }
    taken = {name: bounds for name, bounds in _core.limits().items() if name not in FIXED}
    assert stated.keys() == taken.keys()
    for name, (least, most) in stated.items():
        # Some may be smaller there, which is of use to tests only.
        assert taken[name][0] <= least, name
        assert taken[name][1] == most, name


@pytest.mark.parametrize(("name", "most"), FIXED.items(), ids=FIXED)
def test_what_is_fixed_is_the_same_on_both_sides(name: str, most: int) -> None:
    assert _core.limits()[name] == (0, most)


def test_the_registry_takes_the_datatypes_that_the_data_plane_takes() -> None:
    assert list(model_checks.DATATYPES) == _core.datatypes()
