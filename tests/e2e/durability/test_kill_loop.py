"""Kills at random moments under load: what clients were told is there, once.

``POINTSMAN_TORTURE_KILLS`` says how often, ``POINTSMAN_TORTURE_SEED`` what is drawn; without it a run
draws anew and says by which seed that comes back.
"""

import os
import random
import time
from collections.abc import Callable

import pytest

from stage.crash.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

KILLS = int(os.environ.get("POINTSMAN_TORTURE_KILLS", "60"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))
KILLS_BETWEEN_CHECKS = 20
LIFE_SECONDS = (0.03, 0.6)
HELD_DATABASE_SHARE = 0.2
"""The share of lives in which nothing reaches the database, so that more is in the journal at the end."""


async def test_kills_under_load_lose_nothing_that_was_acknowledged_and_repeat_nothing(
    new_scene: Callable[[int], Scene], capsys: pytest.CaptureFixture[str]
) -> None:
    print(f"POINTSMAN_TORTURE_SEED={SEED}")
    scene = new_scene(SEED)
    began = time.monotonic()
    starting = 0.0
    for number in range(KILLS):
        started = time.monotonic()
        server = scene.start()
        starting += time.monotonic() - started
        if number and number % KILLS_BETWEEN_CHECKS == 0:
            scene.check(server)
        seconds, draw = scene.random.uniform(*LIFE_SECONDS), scene.random.random()
        await scene.live(server, seconds, holds_database=draw < HELD_DATABASE_SHARE)
    took = time.monotonic() - began

    server = scene.start()
    scene.check(server)
    await scene.live_well(server, LIFE_SECONDS[1])
    server = scene.start()
    findings = scene.check_lake(server)
    server.end()

    told = scene.told
    assert scene.reads, "nothing was read beside the calls"
    with capsys.disabled():
        print(
            f"\n{KILLS} kills, {took / KILLS:.2f} s each, {starting / KILLS:.2f} s of it to serve again; "
            f"answered: {len(told.predictions)} predictions, {told.acknowledged_count} keys of feedback, "
            f"{scene.reads} reads; lost of buffered predictions: {findings.buffered_lost}, the earliest "
            f"{findings.worst_window_seconds * 1000:.0f} ms before a kill"
        )
