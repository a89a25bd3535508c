"""What can be set about the control plane."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ControlOptions:
    """Limits and times of the control plane; every one has a default that suits one machine.

    Attributes:
        deploy_timeout_seconds: How long all backends of a router may take to answer a deployment. Below
            the data plane's default deadline, so that the answer still reaches a caller without one.
        probe_timeout_seconds: How long a registration waits for a backend to describe itself.
        poll_interval_seconds: How often a shared database is asked for changes of other processes.
        record_interval_seconds: How often recorded predictions are taken from the data plane.
        record_rows_per_second: At most how many predictions are stored in the background each second.
        prediction_rows_per_router: How many predictions of a router are kept; older ones are deleted.
        feedback_horizon_days: How long after a prediction its feedback is taken.
        reader_threads: Threads that read from the database.
        max_concurrent_calls: Calls in progress; more are answered RESOURCE_EXHAUSTED.
        max_message_bytes: The longest message, either way.
    """

    deploy_timeout_seconds: float = 25.0
    probe_timeout_seconds: float = 2.0
    poll_interval_seconds: float = 1.0
    record_interval_seconds: float = 0.2
    record_rows_per_second: int = 1000
    prediction_rows_per_router: int = 1_000_000
    feedback_horizon_days: int = 90
    reader_threads: int = 4
    max_concurrent_calls: int = 512
    max_message_bytes: int = 16 * 1024 * 1024
