"""A control plane in a process of its own, over a data plane in Python, with a job that a test reads.

Run as ``python -m stage.job_server``: it imports once and forks a control plane for each line of JSON
arguments, whose process id it answers once that one's jobs run.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import structlog
from sqlalchemy import text

from contract.fake_journal import FakeJournal
from contract.fake_replica import FakeReplica
from pointsman.control.folders import ControlFolders
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.options import ControlOptions
from pointsman.control.plane import ControlPlane
from pointsman.dataplane.core import NativeCore

from .server import environment

JOB, PLAIN_JOB = "probe", "plain-probe"
PERIOD_SECONDS = 0.5
LEASE_SECONDS = 1.5
OPTIONS = ControlOptions(
    poll_interval_seconds=0.2,
    job_lease_seconds=LEASE_SECONDS,
    lake_upkeep_interval_seconds=0.1,
    feedback_export_interval_seconds=1.0,
)
_NOTE = text(
    "INSERT INTO probe_runs (owner, fencing, period, step) VALUES (:owner, :fencing, :period, :step)"
)


class Probe:
    """A job that notes when it begins and when it is done, and takes a while in between.

    Args:
        owner: Who notes it.
        seed: What is drawn.
    """

    def __init__(self, owner: str, seed: int) -> None:
        self._owner = owner
        self._random = random.Random(seed)

    def run(self, context: JobContext) -> bool:
        self._note(context, "begun", finishes=False)
        if context.wait(self._random.uniform(0.0, PERIOD_SECONDS)):
            return True
        self._note(context, "done", finishes=True)
        return False

    def _note(self, context: JobContext, step: str, *, finishes: bool) -> None:
        values = {"owner": self._owner, "fencing": context.fencing, "period": context.period, "step": step}
        with context.transaction(finishes=finishes) as connection:
            connection.execute(_NOTE, values)


class JobServers:
    """The process that forks them, so that each starts in a moment."""

    def __init__(self, log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stage.job_server"],
                cwd=Path(__file__).parents[1],
                env=environment({}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
            )

    def start(self, url: str, folder: Path, journal_id: str, seed: int) -> "JobServer":
        """Starts one and returns when its jobs run.

        Args:
            url: The database.
            folder: Where its files are.
            journal_id: Its journal, by which it owns jobs.
            seed: What it draws.
        """
        folder.mkdir(parents=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([url, str(folder), journal_id, seed]).encode() + b"\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        assert said.strip().isdigit(), f"it said {said!r}:\n{self._log.read_text()[-3000:]}"
        return JobServer(int(said), journal_id)

    def close(self) -> None:
        """Ends it and all that it has started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


class JobServer:
    """One of them, seen from a test.

    Args:
        process_id: Its process.
        journal_id: Its journal.
    """

    def __init__(self, process_id: int, journal_id: str) -> None:
        self.journal_id = journal_id
        self._process_id: int | None = process_id

    def kill(self) -> None:
        """Ends it at once, if it was not ended before."""
        if self._process_id is not None:
            os.kill(self._process_id, signal.SIGKILL)
            self._process_id = None


async def serve(url: str, folder: Path, journal_id: str, seed: int) -> None:
    """Serves until it is killed."""
    # Its standard output is for its process id.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    lake = folder / "lake"
    replica = FakeReplica(journal=FakeJournal(lake, journal_id=journal_id))
    plane = ControlPlane(
        url,
        NativeCore(),
        replica,
        ControlFolders(folder, folder / "control.sock", lake),
        endpoint="127.0.0.1:1",
        loopback=True,
        options=OPTIONS,
    )
    probe = Probe(journal_id, seed)
    plane.jobs.add(
        Job(JOB, PERIOD_SECONDS, Scope.INSTALLATION, probe.run, retry_seconds=(0.1,), first_seconds=0.0)
    )
    plane.jobs.add(Job(PLAIN_JOB, PERIOD_SECONDS, Scope.INSTALLATION, lambda _: False, first_seconds=0.0))
    await plane.start()
    assert plane.ready, plane.reason
    print(os.getpid(), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Forks a server for each line of the standard input."""
    # Nobody waits for them: they are gone when they end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork():
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        url, folder, journal_id, seed = json.loads(line)
        asyncio.run(serve(url, Path(folder), journal_id, seed))


if __name__ == "__main__":
    main()
