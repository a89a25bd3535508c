"""A server that is killed while it writes logged predictions into files loses none and shows none twice."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.store.drift import predictions
from stage.logged_shipper import MOMENTS, ROWS_PER_FILE

from .rows import add_model
from .test_logged_interleavings import DAY_US, Scene, a_prediction

ROWS = 100


def run_until_killed(database_url, folder, moment):
    """Runs a program that kills itself; answers how it ended."""
    tests = str(Path(__file__).parents[2])
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "stage.logged_shipper", database_url, str(folder), moment],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_each_prediction_is_seen_once(database, database_url, tmp_path, moment):
    folder = tmp_path / "lake"
    scene, draw = Scene(database, folder), random.Random(3)
    add_model(database, model_id="m")
    key = scene.key_of("m")
    expected = {}
    with database.write() as connection:
        for number in range(ROWS):
            one = a_prediction(draw, scene.now_us - number % 2 * DAY_US - number)
            prediction_id = predictions.add(connection, key, one)
            expected[prediction_id] = LoggedPrediction(**vars(one) | {"prediction_id": prediction_id})
    database.engine.dispose()

    run_until_killed(database_url, folder, moment)
    assert scene.seen(key) == expected
    assert scene.in_files() == (ROWS_PER_FILE if moment == "committed" else 0)

    while scene.ship():
        pass
    assert scene.seen(key) == expected
    assert scene.in_files() == ROWS
    scene.now_us = 2**52
    scene.retention.delete_orphans(0)
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")], "parts of files are left"
    assert scene.on_disk() == set(expected)
