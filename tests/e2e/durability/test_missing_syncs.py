"""The tests of crashes notice when a sync is missing."""

from collections.abc import Callable

import pytest

from stage.crash.scene import Scene

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("forgotten", "shows"), [("", False), ("files", True), ("folders", True)])
async def test_a_missing_sync_shows_as_a_loss(
    new_scene: Callable[[int], Scene], forgotten: str, shows: bool
) -> None:
    scene = new_scene(1)
    # Nothing leaves the journal before the kill: no segment is complete, the database takes nothing.
    journal = {"segment_bytes": 16 * 1024 * 1024, "seal_after_seconds": 60.0}
    server = scene.start(fault_sync=forgotten, journal=journal)
    await scene.live(server, 0.5, holds_database=True)
    server = scene.start()
    findings = scene.findings(scene.kept(server))
    server.end()
    assert (findings.counts["durable prediction lost"] > 0) is shows
    assert (findings.counts["feedback lost"] > 0) is shows
    assert scene.told.acknowledged_count > 0
