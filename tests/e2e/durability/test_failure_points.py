"""A kill between any two steps of journal → Parquet → manifest → deletion, and of journal → SQL."""

import signal
from collections.abc import Callable

import pytest

from stage.crash.points import POINTS
from stage.crash.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

# Segments of a few calls each, so that every step comes within moments.
JOURNAL = {"segment_bytes": 16_384, "seal_after_seconds": 0.1}
OPTIONS = {
    "lake_upkeep_interval_seconds": 0.1,
    "feedback_export_interval_seconds": 0.1,
    "replaced_file_grace_seconds": 0.5,
}
OF_THE_DATA_PLANE = (
    "journal.segment_created:3",
    "journal.written:40",
    "journal.synced:40",
    "journal.sealed:3",
    "lake.columns_written",
    "lake.file_written:3",
    "lake.file_renamed:3",
    "lake.segment_shipped:3",
)
OF_THE_CONTROL_PLANE = tuple(
    f"{name}:{2 if name.startswith(('feedback', 'predictions')) else 1}" for name in POINTS
)


@pytest.mark.parametrize("point", [*OF_THE_DATA_PLANE, *OF_THE_CONTROL_PLANE])
async def test_a_death_between_two_steps_loses_and_repeats_nothing(
    new_scene: Callable[[int], Scene], point: str
) -> None:
    scene = new_scene(3)
    server = scene.start(fault_point=point, journal=JOURNAL, options=OPTIONS)
    assert await scene.live_until_death(server) == -signal.SIGABRT

    server = scene.start(journal=JOURNAL, options=OPTIONS)
    scene.check(server)
    await scene.live_well(server, 0.3)
    server = scene.start(journal=JOURNAL, options=OPTIONS)
    scene.check_lake(server)
    server.end()
