"""Whatever happens at random, every read agrees with the client's own log, cell by cell.

Calls, batches, errors, pins, corrections, late and repeated feedback, reweighting, restarts, kills,
compaction, retention and erasure. ``POINTSMAN_TORTURE_NUMBER_RUNS`` says how many runs,
``POINTSMAN_TORTURE_SEED`` what is drawn; without it a test draws anew and says by which seed that comes back.
``POINTSMAN_NUMBER_RUN`` does one run of them alone.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from stage.crash.server import Zygote
from stage.numbers.program import Program
from stage.numbers.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(7200)]

RUNS = int(os.environ.get("POINTSMAN_TORTURE_NUMBER_RUNS", "25"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))
ONLY = os.environ.get("POINTSMAN_NUMBER_RUN")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    zygote = Zygote(tmp_path / "zygote.log")
    world = World(zygote, tmp_path)
    yield world
    world.close()
    zygote.close()


def test_every_read_agrees_with_the_log_of_the_client(world: World) -> None:
    for number in [int(ONLY)] if ONLY else range(RUNS):
        program = Program(world, f"r{number}", f"{SEED}/{number}")
        try:
            program.run()
        except BaseException as error:
            error.add_note(f"after {' '.join(program.done)}")
            error.add_note(f"again: POINTSMAN_TORTURE_SEED={SEED} POINTSMAN_NUMBER_RUN={number}")
            raise
