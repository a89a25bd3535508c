"""Who may do what: one table of every method, its scope and its rule.

What a caller may not read is NOT_FOUND, as if it did not exist; what it may read but not change is
PERMISSION_DENIED. Admins may do everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pointsman.domain.keys import Principal, Scope
from pointsman.domain.permissions import Permissions
from pointsman.domain.routers import Router
from pointsman.errors import NotFoundError, PermissionDeniedError


class Rule(StrEnum):
    """Which callers with the scope a method serves."""

    ANYONE = "anyone"
    """Every user."""
    VISIBLE = "visible"
    """Every user, who sees what they may read."""
    READ_ROUTER = "read_router"
    """Those who may read the router: owner, shared users, everyone if it is public."""
    CHANGE_ROUTER = "change_router"
    """The router's owner."""
    PREDICT_ROUTER = "predict_router"
    """Those who may call the router, as the data plane judges: owner, everyone if that is open."""
    READ_MODEL = "read_model"
    """Those who may read the model: owner, shared users, everyone if it is public."""
    PREDICT_MODEL = "predict_model"
    """Those who may call the model: owner, everyone if that is open."""
    CHANGE_MODEL = "change_model"
    """The model's owner."""
    CHANGE_EACH = "change_each"
    """Those who may change every object that the call names."""
    OWN_KEYS = "own_keys"
    """Every user, for keys of their own."""
    ADMINS = "admins"
    """Admins alone."""


@dataclass(frozen=True)
class Access:
    """What a method asks of its caller."""

    scope: Scope
    rule: Rule


_MODELS = "/pointsman.v1.ModelService/"
_ROUTERS = "/pointsman.v1.RouterService/"
_KEYS = "/pointsman.v1.ApiKeyService/"
_PREDICTIONS = "/pointsman.v1.PredictionService/"
_DEFINITIONS = "/pointsman.v1.DefinitionService/"
_DRIFT = "/pointsman.v1.DriftService/"

METHODS: Mapping[str, Access] = {
    _MODELS + "RegisterModelVersion": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _MODELS + "GetModelVersion": Access(Scope.READ, Rule.READ_MODEL),
    _MODELS + "ListModelVersions": Access(Scope.READ, Rule.VISIBLE),
    _MODELS + "SetModelVersionStage": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _MODELS + "DeleteModelVersion": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _MODELS + "UpdateModelPermissions": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _MODELS + "TestModelVersion": Access(Scope.WRITE, Rule.PREDICT_MODEL),
    _MODELS + "UploadModelFile": Access(Scope.WRITE, Rule.ANYONE),
    _ROUTERS + "CreateRouter": Access(Scope.WRITE, Rule.ANYONE),
    _ROUTERS + "GetRouter": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "ListRouters": Access(Scope.READ, Rule.VISIBLE),
    _ROUTERS + "UpdateRouter": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "DeleteRouter": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "DeployRouter": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "StopRouter": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "StartRouter": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "UpdateVariantWeight": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "BatchUpdateVariantWeights": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "ToggleVariant": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "UpdateRouterPermissions": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "GetRouterMetrics": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "ListPredictions": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "GetPrediction": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "ExplainPrediction": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "ReplayPredictions": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "GetShadowComparison": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "ListRouterRevisions": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "GetRouterRevision": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "ExplainRouting": Access(Scope.READ, Rule.READ_ROUTER),
    _ROUTERS + "SetCanary": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "PromoteCanary": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "SetTrafficOverride": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "ClearTrafficOverride": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "ResetLearning": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "RollbackRouter": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _ROUTERS + "EraseEntity": Access(Scope.WRITE, Rule.CHANGE_ROUTER),
    _PREDICTIONS + "RecordFeedback": Access(Scope.PREDICT, Rule.PREDICT_ROUTER),
    _PREDICTIONS + "BatchRecordFeedback": Access(Scope.PREDICT, Rule.PREDICT_ROUTER),
    _DEFINITIONS + "ApplyDefinitions": Access(Scope.WRITE, Rule.CHANGE_EACH),
    _DRIFT + "LogPrediction": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "GetPredictions": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "GetUnmatchedPredictions": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "AddGroundTruth": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "UploadGroundTruth": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "UploadGroundTruthFile": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "CreateBaseline": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "GetBaselines": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "GetActiveBaseline": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "SetActiveBaseline": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "Analyze": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "GetAnalysisJob": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "CancelAnalysis": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "GetLatestResult": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "GetResults": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "GetDriftReport": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "GetAlertConfig": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "UpdateAlertConfig": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "GetAlertRules": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "UpdateAlertRules": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "SendTestAlert": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "MuteAlerts": Access(Scope.WRITE, Rule.CHANGE_MODEL),
    _DRIFT + "GetAlertEvents": Access(Scope.READ, Rule.READ_MODEL),
    _DRIFT + "GetPerformanceHistory": Access(Scope.READ, Rule.READ_MODEL),
    _KEYS + "CreateApiKey": Access(Scope.WRITE, Rule.OWN_KEYS),
    _KEYS + "ListApiKeys": Access(Scope.READ, Rule.OWN_KEYS),
    _KEYS + "RevokeApiKey": Access(Scope.WRITE, Rule.OWN_KEYS),
    _KEYS + "GetUser": Access(Scope.READ, Rule.ADMINS),
    _KEYS + "ListUsers": Access(Scope.READ, Rule.ADMINS),
    _KEYS + "DeleteUser": Access(Scope.WRITE, Rule.ADMINS),
}
"""Every method of the control plane; a method that is not here is refused."""


def check_scope(caller: Principal, method: str) -> None:
    """Checks that the caller's key has the scope that a method needs.

    Raises:
        PermissionDeniedError: It has not, or the method is in no table.
    """
    access = METHODS.get(method)
    if access is None:
        raise PermissionDeniedError(f"{method} is not open to anyone", metadata={"method": method})
    if not caller.has(access.scope):
        raise PermissionDeniedError(
            f"{method.rsplit('/', 1)[-1]} needs a key with the scope {access.scope}; "
            "use another key, or ask an admin for one",
            reason="SCOPE_MISSING",
            metadata={"scope": access.scope.value},
        )


class Guarded(Protocol):
    """What clients call by name: a router, or a model with its versions."""

    @property
    def owner(self) -> str:
        """The user to whom it belongs."""

    @property
    def permissions(self) -> Permissions:
        """Who else may read and call it."""


def can_read(caller: Principal, thing: Guarded) -> bool:
    """Whether the caller may see a router or a model."""
    permissions = thing.permissions
    return can_change(caller, thing) or permissions.public or caller.user_id in permissions.shared_user_ids


def can_predict(caller: Principal, thing: Guarded) -> bool:
    """Whether the caller may call a router or a model, as the data plane judges."""
    return can_change(caller, thing) or thing.permissions.public_predict


def can_change(caller: Principal, thing: Guarded) -> bool:
    """Whether the caller may change a router or a model."""
    return caller.admin or caller.user_id == thing.owner


def router_not_found(router_id: str) -> NotFoundError:
    """Makes the error for a router that is not there, or not there for this caller."""
    return NotFoundError(
        f"router {router_id!r} does not exist, or you may not see it; ListRouters shows those you may",
        reason="ROUTER_NOT_FOUND",
        metadata={"router_id": router_id[:256]},
    )


def check_router_access(caller: Principal, router: Router | None, router_id: str, rule: Rule) -> Router:
    """Checks that the caller may do with a router what a rule covers.

    Args:
        caller: Who is calling.
        router: The router; None when there is none.
        router_id: The id that was asked for.
        rule: One of the router rules, but for predictions.

    Returns:
        The router.

    Raises:
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: The caller may know of it but not do this.
    """
    if router is None:
        raise router_not_found(router_id)
    if {Rule.READ_ROUTER: can_read, Rule.CHANGE_ROUTER: can_change}[rule](caller, router):
        return router
    if not can_read(caller, router):
        raise router_not_found(router_id)
    raise PermissionDeniedError(
        f"router {router.router_id!r} belongs to {router.owner!r} and you may not change it; "
        "only its owner and admins may",
        reason="NOT_ROUTER_OWNER",
        metadata={"router_id": router.router_id},
    )


def check_creates_for(caller: Principal, owner: str, kind: str = "router", field: str = "router") -> None:
    """Checks that the caller may create a thing that belongs to a user.

    Args:
        caller: Who is calling.
        owner: The user.
        kind: What it is, in words.
        field: The path of the field that holds it.

    Raises:
        PermissionDeniedError: It is another user, and the caller is no admin.
    """
    if caller.admin or caller.user_id == owner:
        return
    raise PermissionDeniedError(
        f"{field}.owner: only an admin can create a {kind} for {owner!r}; leave it out, and hand the {kind} "
        "over when it is there",
        reason="NOT_ADMIN",
        metadata={"owner": owner},
    )
