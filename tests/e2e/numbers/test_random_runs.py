"""Whatever happens at random, every read agrees with the client's own log, cell by cell.

Calls, batches, errors, pins, corrections, late and repeated feedback, reweighting, restarts, kills,
compaction, retention and erasure; lists, pages, single predictions, figures, exports. Two hundred runs share
a server, and each server is a test, so that several processes take part. ``POINTSMAN_TORTURE_NUMBER_RUNS``
says how many runs, ``POINTSMAN_TORTURE_SEED`` what is drawn; without it a test draws anew and says by which
seed that comes back. ``POINTSMAN_NUMBER_FLEET`` does the runs of one server alone.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stage.crash.server import Zygote
from stage.numbers.fleet import KINDS, Fleet
from stage.numbers.tally import Tally

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

RUNS = int(os.environ.get("POINTSMAN_TORTURE_NUMBER_RUNS", "1000"))
# Of all processes that share the tests the same.
DRAWN = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID")).randrange(1_000_000)
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED") or DRAWN)
ONLY = os.environ.get("POINTSMAN_NUMBER_FLEET")
RUNS_OF_A_SERVER = 200
FLEETS = -(-RUNS // RUNS_OF_A_SERVER)
ENOUGH_RUNS = 500
"""In so many runs everything happens."""


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    zygote = Zygote(tmp_path / "zygote.log")
    yield zygote
    zygote.close()


@pytest.fixture
def tally(tmp_path_factory: pytest.TempPathFactory) -> Tally:
    """What this test's fleets have seen in all processes."""
    folder = tmp_path_factory.getbasetemp()
    # Each process of xdist has a folder in the one of them all.
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return Tally(shared / "random-runs", FLEETS)


@pytest.mark.parametrize("number", [int(ONLY)] if ONLY else range(FLEETS))
def test_every_read_agrees_with_the_log_of_the_client(
    number: int,
    zygote: Zygote,
    tally: Tally,
    tmp_path: Path,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    seen: Counter[str] = Counter()
    fleet = Fleet(zygote, tmp_path, f"{SEED}/{number}", seen)
    try:
        fleet.run(min(RUNS, RUNS_OF_A_SERVER), with_many_splits=number == 0)
    except BaseException as error:
        error.add_note(f"again: POINTSMAN_TORTURE_SEED={SEED} POINTSMAN_NUMBER_FLEET={number}")
        raise
    finally:
        fleet.close()
    together = None if ONLY else tally.add(number, seen)
    if together is None:
        return
    for kind, count in sorted(together.items()):
        record_testsuite_property(kind, count)
    if RUNS >= ENOUGH_RUNS:
        missing = [kind for kind in KINDS if not together[kind]]
        assert not missing, f"never in {RUNS} runs: {missing}; POINTSMAN_TORTURE_SEED={SEED}"
