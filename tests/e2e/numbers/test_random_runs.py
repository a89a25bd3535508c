"""Whatever happens at random, every read agrees with the client's own log, cell by cell.

Calls, batches, errors, pins, corrections, late and repeated feedback, reweighting, restarts, kills,
compaction, retention and erasure; lists, pages, single predictions, figures, exports. Two hundred runs share
a server. ``POINTSMAN_TORTURE_NUMBER_RUNS`` says how many runs, ``POINTSMAN_TORTURE_SEED`` what is drawn;
without it a test draws anew and says by which seed that comes back. ``POINTSMAN_NUMBER_FLEET`` does the runs
of one server alone.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stage.crash.server import Zygote
from stage.numbers.fleet import KINDS, Fleet

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(7200)]

RUNS = int(os.environ.get("POINTSMAN_TORTURE_NUMBER_RUNS", "1000"))
SEED = int(os.environ.get("POINTSMAN_TORTURE_SEED") or random.SystemRandom().randrange(1_000_000))
ONLY = os.environ.get("POINTSMAN_NUMBER_FLEET")
RUNS_OF_A_SERVER = 200
ENOUGH_RUNS = 500
"""In so many runs everything happens."""


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    zygote = Zygote(tmp_path / "zygote.log")
    yield zygote
    zygote.close()


def test_every_read_agrees_with_the_log_of_the_client(
    zygote: Zygote, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    seen: Counter[str] = Counter()
    fleets = range(-(-RUNS // RUNS_OF_A_SERVER))
    for number in [int(ONLY)] if ONLY else fleets:
        folder = tmp_path / str(number)
        folder.mkdir()
        fleet = Fleet(zygote, folder, f"{SEED}/{number}", seen)
        try:
            fleet.run(min(RUNS, RUNS_OF_A_SERVER), with_many_splits=number == 0)
        except BaseException as error:
            error.add_note(f"again: POINTSMAN_TORTURE_SEED={SEED} POINTSMAN_NUMBER_FLEET={number}")
            raise
        finally:
            fleet.close()
    for kind, count in sorted(seen.items()):
        record_testsuite_property(kind, count)
    if not ONLY and RUNS >= ENOUGH_RUNS:
        missing = [kind for kind in KINDS if not seen[kind]]
        assert not missing, f"never in {RUNS} runs: {missing}; POINTSMAN_TORTURE_SEED={SEED}"
