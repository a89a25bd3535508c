"""What can be set about the control plane."""

from dataclasses import dataclass, field

from pointsman.domain.drift.alerting.channels import AlertChannels
from pointsman.domain.drift.truth_uploads import TruthUploadLimits
from pointsman.domain.uploads import UploadLimits


@dataclass(frozen=True)
class ControlOptions:
    """Limits and times of the control plane; every one has a default that suits one machine.

    Attributes:
        deploy_timeout_seconds: How long all backends of a router may take to answer a deployment. Below
            the data plane's default deadline, so that the answer still reaches a caller without one.
        probe_timeout_seconds: How long a registration waits for a backend to describe itself, and the test of
            a row for its answer where the caller does not say.
        poll_interval_seconds: How often a shared database is asked for changes of other processes.
        journal_lease_seconds: A server that shows no life for so long loses its journal's id to one on a copy
            of its data folder; it shows life three times as often.
        job_lease_seconds: A server that shows no life for so long leaves the periodic job at hand to another
            one; it shows life three times as often while it runs one.
        lake_upkeep_interval_seconds: How often the lake is looked after.
        feedback_export_interval_seconds: How often feedback is brought from SQL into the lake.
        retention_days: How long predictions are kept where a router does not say.
        retention_bytes: How much of one model's predictions is kept where a router does not say.
        lake_query_memory_bytes: What queries over the lake may take up together; larger ones spill to disk.
        replaced_file_grace_seconds: How long a file of the lake outlives its replacement, for the sake of
            queries that began before; more than the longest query takes.
        feedback_horizon_days: How long after a prediction its feedback is taken.
        reader_threads: Threads that read from the database.
        max_concurrent_calls: Calls in progress; more are answered RESOURCE_EXHAUSTED.
        max_message_bytes: The longest message, either way.
        uploads: What uploads of ONNX files may take up.
        alerts: Where alerts of drift go.
        ground_truth: What uploads of outcomes may take up.
    """

    deploy_timeout_seconds: float = 25.0
    probe_timeout_seconds: float = 2.0
    poll_interval_seconds: float = 1.0
    journal_lease_seconds: float = 15.0
    job_lease_seconds: float = 15.0
    lake_upkeep_interval_seconds: float = 30.0
    feedback_export_interval_seconds: float = 60.0
    retention_days: int = 90
    retention_bytes: int = 50 * 1024**3
    lake_query_memory_bytes: int = 256 * 1024 * 1024
    replaced_file_grace_seconds: float = 300.0
    feedback_horizon_days: int = 90
    reader_threads: int = 4
    max_concurrent_calls: int = 512
    max_message_bytes: int = 16 * 1024 * 1024
    uploads: UploadLimits = field(default_factory=UploadLimits)
    alerts: AlertChannels = field(default_factory=AlertChannels)
    ground_truth: TruthUploadLimits = field(default_factory=TruthUploadLimits)
