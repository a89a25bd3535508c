"""One start of an analysis, from its row in the database to its result there."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pointsman.control.drift.alerting.telling import tell
from pointsman.control.drift.priority import Priority
from pointsman.control.drift.program.comparing import compare_window
from pointsman.control.drift.pulse import Pulse
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.drift.streams import KeptStream
from pointsman.errors import DatabaseUnavailableError, PointsmanError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import analyses, results, streams


def clock_us() -> int:
    """Answers the time in UTC microseconds."""
    return time.time_ns() // 1000


def run(
    spec: AnalysisSpec,
    clock: Callable[[], int] = clock_us,
    pacing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Runs an analysis; answers the exit code of the program.

    What is wrong with the data fails the analysis; it would be wrong another time, too. Whatever else goes
    wrong ends the program, and whoever watches it starts another one.

    Args:
        spec: What to do.
        clock: Answers the time.
        pacing: Has the calling thread leave its processor to others within. What takes long is done there,
            and nothing that holds the database's lock.
    """
    from pointsman_drift import DriftError

    database = Database(spec.database_url, 2)
    with database.read() as connection:
        analysis = analyses.find(connection, spec.job_id)
    if analysis is None or (analysis.status, analysis.attempt) != (AnalysisStatus.RUNNING, spec.attempt):
        return 0
    try:
        priority = Priority()
        with Pulse(database, analysis, clock, look=priority.look) as pulse:
            # Whoever watches sees it live from here on, however long the rest waits for processors.
            priority.lower()
            with pacing():
                found = compare_window(database, analysis, spec, Path(spec.folder), pulse.reached)
    except DatabaseUnavailableError:
        # Another start finds it back.
        raise
    except (DriftError, PointsmanError) as error:
        with database.write() as connection:
            now_us = servers.clock_us(connection, clock())
            analyses.end(connection, analysis, AnalysisStatus.FAILED, now_us, str(error) or repr(error))
        return 0
    store(database, analysis, found.body, found.notes, clock, found.streams)
    return 0


def store(
    database: Database,
    analysis: Analysis,
    body: dict[str, object],
    notes: list[str],
    clock: Callable[[], int],
    kept: Sequence[KeptStream] = (),
) -> bool:
    """Stores a result, where its streams stand, what its alerts tell, and its end, in one transaction.

    Answers False where that has ended already.

    Args:
        database: Where to.
        analysis: The analysis as the program was given it.
        body: What the library said.
        notes: What to know of the rows.
        clock: Answers the time.
        kept: The streams that rows were shown of.
    """
    with database.write() as connection:
        key = analyses.hold(connection, analysis)
        if key is None:
            return False
        now_us = servers.clock_us(connection, clock())
        result_id = results.add(connection, analysis, key, body, notes, now_us)
        streams.save(connection, analysis, kept, now_us)
        tell(connection, analysis, result_id, body, now_us)
        return analyses.end(connection, analysis, AnalysisStatus.SUCCEEDED, now_us)
