"""What is known of each job's runs: for metrics and for people."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pointsman.control.jobs.job import Scope


@dataclass
class JobFigures:
    """What came of a job's runs on this server; looks that found nothing to do are none.

    Attributes:
        name: The job.
        scope: Whose work it is.
        done: How many runs were done.
        failed: How many failed.
        lost: How many another server took over.
        failed_in_row: How many failed since the last that did not.
        duration_seconds: How long the last run took.
        done_time_us: When the last one was done, by this machine's clock; 0 for never.
        fencing: The number of this server's last lease; 0 for none.
        error: Why the last run failed; empty when it did not.
        running: Whether it runs now.
    """

    name: str
    scope: Scope
    done: int = 0
    failed: int = 0
    lost: int = 0
    failed_in_row: int = 0
    duration_seconds: float = 0.0
    done_time_us: int = 0
    fencing: int = 0
    error: str = ""
    running: bool = False


def written(figures: Iterable[JobFigures]) -> str:
    """Writes figures in the OpenMetrics text format."""
    found = list(figures)
    leased = [one for one in found if one.scope is Scope.INSTALLATION]
    runs = "".join(
        f'pointsman_job_runs_total{{job="{one.name}",outcome="{outcome}"}} {getattr(one, outcome)}\n'
        for one in found
        for outcome in ("done", "failed", "lost")
    )
    return (
        "# HELP pointsman_job_runs Runs of periodic jobs on this server.\n"
        f"# TYPE pointsman_job_runs counter\n{runs}"
        + _gauge("failures_in_row", "Runs that failed since the last that did not.", found, _failures)
        + _gauge("duration_seconds", "How long the last run took.", found, _duration)
        + _gauge("last_done_seconds", "When the last run was done here; 0 for never.", found, _done)
        + _gauge("running", "1 while it runs here.", found, lambda one: int(one.running))
        + _gauge("fencing", "The number of this server's last lease; 0: none.", leased, _fencing)
    )


def _gauge(name: str, text: str, figures: Iterable[JobFigures], value: Callable[[JobFigures], float]) -> str:
    full = f"pointsman_job_{name}"
    lines = "".join(f'{full}{{job="{one.name}"}} {value(one):.17g}\n' for one in figures)
    return f"# HELP {full} {text}\n# TYPE {full} gauge\n{lines}"


def _failures(one: JobFigures) -> float:
    return one.failed_in_row


def _duration(one: JobFigures) -> float:
    return one.duration_seconds


def _fencing(one: JobFigures) -> float:
    return one.fencing


def _done(one: JobFigures) -> float:
    return one.done_time_us / 1_000_000
