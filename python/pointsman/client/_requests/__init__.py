"""Builds the calls of every service; each function answers what to send and how to read the answer."""

from pointsman.client._requests.feedback import FEEDBACK_BATCH, batches_of_feedback, predict, record_feedback
from pointsman.client._requests.keys import create_key, list_keys, revoke_key
from pointsman.client._requests.models import (
    delete_model,
    get_model,
    list_models,
    register_model,
    set_model_permissions,
    set_stage,
    test_model,
    transfer_model,
    upload_piece,
)
from pointsman.client._requests.records import erase_entity, get_prediction, list_predictions, router_metrics
from pointsman.client._requests.revisions import get_revision, list_revisions, roll_back
from pointsman.client._requests.routers import (
    create_router,
    delete_router,
    deploy_router,
    get_router,
    list_routers,
    set_permissions,
    set_weight,
    set_weights,
    start_router,
    stop_router,
    toggle_variant,
    update_router,
)

__all__ = [
    "FEEDBACK_BATCH",
    "batches_of_feedback",
    "create_key",
    "create_router",
    "delete_model",
    "delete_router",
    "deploy_router",
    "erase_entity",
    "get_model",
    "get_prediction",
    "get_revision",
    "get_router",
    "list_keys",
    "list_models",
    "list_predictions",
    "list_revisions",
    "list_routers",
    "predict",
    "record_feedback",
    "register_model",
    "revoke_key",
    "roll_back",
    "router_metrics",
    "set_model_permissions",
    "set_permissions",
    "set_stage",
    "set_weight",
    "set_weights",
    "start_router",
    "stop_router",
    "test_model",
    "toggle_variant",
    "transfer_model",
    "update_router",
    "upload_piece",
]
