"""Instructions of a call, counted by callgrind: what else the machine does has no part in them."""

import re
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benches.load.processes import HarnessError
from benches.load.sample import Shape, run_load
from benches.records.lake import read_journal, wait_until_shipped
from benches.records.stage import Stage, contestant

DUMP_SECONDS = 120.0
SEAL_SECONDS = 1.0
LEAST_CALLS = 500
"""With fewer, what each connection costs once weighs in the mean."""

WORKER, WRITER = "pointsman_gateway::services::answer", "pointsman_journal::writer"
"""Functions that run in the thread that answers calls, and in the one that writes their records."""


@dataclass(frozen=True)
class Counted:
    """What the threads that every call passes cost it.

    Attributes:
        calls: How many calls the counts are means of.
        worker: Instructions of the thread that answers, per call.
        writer: Instructions of the thread that writes the journal, per call; 0 when nothing is recorded.
    """

    calls: int
    worker: float
    writer: float

    @property
    def per_call(self) -> float:
        """Instructions of both."""
        return self.worker + self.writer


def count(name: str, stage: Stage, shape: Shape, seconds: float, *, is_recorded: bool) -> Counted:
    """Counts the instructions of calls, once a server has answered some.

    Args:
        name: What the server is called.
        stage: Where it starts.
        shape: The load.
        seconds: How long calls are counted.
        is_recorded: Whether they are recorded.

    Returns:
        The counts.

    Raises:
        HarnessError: valgrind is missing, or the server did not do what it was asked.
    """
    if shutil.which("valgrind") is None:
        raise HarnessError("valgrind is missing; install it (Debian, Ubuntu: valgrind)")
    folder = stage.folder / f"{name}-counts"
    folder.mkdir()
    with ExitStack() as stack:
        under_valgrind = replace(stage, executable=_wrap(stage.executable, folder))
        server = under_valgrind.start_server(stack, name, SEAL_SECONDS)
        under_valgrind.create_router(server, record=is_recorded, with_signature=bool(shape.columns))

        def load(span: float) -> int:
            answered = run_load(
                stage.load,
                contestant(server, name),
                shape,
                *("--seconds", str(span)),
                *("--warmup-seconds", "0"),
                timeout_seconds=span + 60,
            ).answered
            if not is_recorded:
                return answered
            # What was on its way when time was up is recorded as well.
            wait_until_shipped(server, answered)
            return read_journal(server).written

        before = load(seconds / 2)
        _control(server.pid, "--instr=on")
        after = load(seconds)
        _control(server.pid, "--instr=off")
        _control(server.pid, "--dump")
        calls = after - before if is_recorded else after
        if calls < LEAST_CALLS:
            raise HarnessError(f"{name}: {calls} calls in {seconds:g} s under valgrind; measure for longer")
        return _read(folder, calls)


def _wrap(executable: Path, folder: Path) -> Path:
    """Writes a program that runs the server's under callgrind, counting nothing yet."""
    python = executable.parent / "python"
    counts = folder / "counts.%p"
    command = [
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        "--separate-threads=yes",
        f"--callgrind-out-file={counts}",
        str(python if python.is_file() else sys.executable),
        str(executable),
    ]
    wrapper = folder / "pointsman"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def _control(pid: int, order: str) -> None:
    done = subprocess.run(["callgrind_control", order, str(pid)], capture_output=True, text=True, check=False)
    if done.returncode != 0 or "OK" not in done.stdout:
        raise HarnessError(f"callgrind_control {order}: {done.stdout.strip()} {done.stderr.strip()}")


def _read(folder: Path, calls: int) -> Counted:
    """Adds up the threads by the functions that they ran.

    Raises:
        HarnessError: No thread answered calls: the dump did not come, or the program has no symbols.
    """
    give_up = time.monotonic() + DUMP_SECONDS
    while time.monotonic() < give_up:
        threads = [file.read_text() for file in folder.glob("counts.*-*")]
        worker = _sum(threads, WORKER)
        if worker:
            return Counted(calls, worker / calls, _sum(threads, WRITER) / calls)
        # The pace of looking again; there is a deadline.
        time.sleep(0.5)
    raise HarnessError(f"{folder}: no thread of the dump ran {WORKER}; its symbols may be stripped")


def _sum(threads: list[str], function: str) -> int:
    """Adds up what the threads that ran a function did; 0 while none is written to its end."""
    totals = (re.search(r"^totals: (\d+)$", text, re.MULTILINE) for text in threads if function in text)
    return sum(int(total[1]) for total in totals if total is not None)
