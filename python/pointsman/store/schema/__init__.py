"""The tables, each with what it is about. Constraints are in the database, so that no code gets around them.

Rows that may go away and come back under the same id (routers, model versions) have a key of their own
and a deletion time; their ids are unique among the rows that are there. Times are UTC microseconds.
"""

from pointsman.store.schema.columns import metadata
from pointsman.store.schema.drift import (
    drift_alert_settings,
    drift_analyses,
    drift_baselines,
    drift_horizons,
    drift_predictions,
    drift_results,
    drift_streams,
    drift_truth_uploads,
    drift_truths,
)
from pointsman.store.schema.drift_alerting import (
    drift_alert_deliveries,
    drift_alert_events,
    drift_alert_mutes,
    drift_alert_rules,
    drift_alert_states,
)
from pointsman.store.schema.feedback_values import feedback, feedback_totals
from pointsman.store.schema.generations import generation, generation_tokens
from pointsman.store.schema.jobs import job_leases
from pointsman.store.schema.journaling import journal_positions, journal_starts, journals, servers
from pointsman.store.schema.keys import api_keys, installation, signing_keys, users
from pointsman.store.schema.lake import (
    erased_predictions,
    erasure_predictions,
    erasure_servers,
    erasures,
    lake_files,
    logged_erasures,
)
from pointsman.store.schema.learning import arm_pulls, arm_rewards
from pointsman.store.schema.models import model_permissions, model_version_tags, model_versions, models
from pointsman.store.schema.revisions import router_revisions, router_slot_tables
from pointsman.store.schema.routing import (
    former_slot_tables,
    permissions,
    router_metrics,
    router_tags,
    routers,
    variants,
)

__all__ = [
    "api_keys",
    "arm_pulls",
    "arm_rewards",
    "drift_alert_deliveries",
    "drift_alert_events",
    "drift_alert_mutes",
    "drift_alert_rules",
    "drift_alert_settings",
    "drift_alert_states",
    "drift_analyses",
    "drift_baselines",
    "drift_horizons",
    "drift_predictions",
    "drift_results",
    "drift_streams",
    "drift_truth_uploads",
    "drift_truths",
    "erased_predictions",
    "erasure_predictions",
    "erasure_servers",
    "erasures",
    "feedback",
    "feedback_totals",
    "former_slot_tables",
    "generation",
    "generation_tokens",
    "installation",
    "job_leases",
    "journal_positions",
    "journal_starts",
    "journals",
    "lake_files",
    "logged_erasures",
    "metadata",
    "model_permissions",
    "model_version_tags",
    "model_versions",
    "models",
    "permissions",
    "router_metrics",
    "router_revisions",
    "router_slot_tables",
    "router_tags",
    "routers",
    "servers",
    "signing_keys",
    "users",
    "variants",
]
