"""One span of load on one contestant, and what came of it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benches.load.processes import HarnessError


@dataclass(frozen=True)
class Contestant:
    """Something that forwards, and how it is called."""

    name: str
    address: str
    model_name: str
    pid: int | None
    """The process whose time counts; None for the direct way."""
    receipt: str = "none"
    """What each answer must carry: none, variant or sticky."""


@dataclass(frozen=True)
class Shape:
    """How much load, and of what."""

    connections: int
    streams: int
    payload_bytes: int
    columns: int = 0
    """The columns of one FP64 row, drawn anew for each call; 0 for the same FP32 tensor each time."""
    entities: int = 10_000


@dataclass(frozen=True)
class Sample:
    """What one span showed."""

    calls: int
    """Those that ended in the measured span."""
    answered: int
    """All of them, the warm-up's too."""
    calls_per_second: float
    mean_us: float
    p50_us: float
    p99_us: float
    cpu_us_per_call: float
    """Processor time of the contestant's process; NaN for the direct way."""
    variants: dict[str, int]


def take_sample(
    load: Path, contestant: Contestant, shape: Shape, seconds: float, warmup_seconds: float
) -> Sample:
    """Runs the load on a contestant for a time.

    Args:
        load: The binary of the peers.
        contestant: What to call.
        shape: Connections, streams and payload.
        seconds: The measured span.
        warmup_seconds: Load before it, not measured.

    Raises:
        HarnessError: A call failed, an answer was wrong, or the load program did not end.
    """
    return run_load(
        load,
        contestant,
        shape,
        *("--seconds", str(seconds)),
        *("--warmup-seconds", str(warmup_seconds)),
        timeout_seconds=seconds + warmup_seconds + 30,
    )


def load_command(load: Path, contestant: Contestant, shape: Shape) -> list[str]:
    """Writes the command of a load without an end."""
    command = [
        str(load),
        "load",
        *("--target", contestant.address),
        *("--model", contestant.model_name),
        *("--connections", str(shape.connections)),
        *("--streams", str(shape.streams)),
        *("--bytes", str(shape.payload_bytes)),
        *("--columns", str(shape.columns)),
        *("--entities", str(shape.entities)),
        *("--receipt", contestant.receipt),
    ]
    if contestant.pid is not None:
        command += ["--observe", str(contestant.pid)]
    return command


def run_load(load: Path, contestant: Contestant, shape: Shape, *flags: str, timeout_seconds: float) -> Sample:
    """Runs the load on a contestant.

    Args:
        load: The binary of the peers.
        contestant: What to call.
        shape: Connections, streams and payload.
        *flags: When it ends, and what else is asked of it.
        timeout_seconds: When it has failed if it did not end by then.

    Raises:
        HarnessError: A call failed, an answer was wrong, or the load program did not end.
    """
    command = [*load_command(load, contestant, shape), *flags]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_seconds)
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"{contestant.name}: calls hung under {shape}") from error
    if done.returncode:
        raise HarnessError(f"{contestant.name}: under {shape}: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    if found["failures"] or not found["calls"]:
        raise HarnessError(
            f"{contestant.name}: {found['failures']} calls failed under {shape}: {found['first_failure']}"
        )
    [cpu] = found["cpu_us_per_call"] or [float("nan")]
    return Sample(
        calls=found["calls"],
        answered=found["answered"],
        calls_per_second=found["calls_per_second"],
        mean_us=found["mean_us"],
        p50_us=found["p50_us"],
        p99_us=found["p99_us"],
        cpu_us_per_call=cpu,
        variants=found["variants"],
    )
