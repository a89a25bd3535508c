"""The table of method × caller: what a call with the method's scope is answered."""

import grpc

from pointsman.domain.access import METHODS
from pointsman.domain.keys import Scope

from .conftest import Bench, User

OK = grpc.StatusCode.OK
DENIED = grpc.StatusCode.PERMISSION_DENIED
HIDDEN = grpc.StatusCode.NOT_FOUND
TAKEN = grpc.StatusCode.ALREADY_EXISTS
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED

CALLERS = ("owner", "other", "shared", "public", "public_predict", "admin")
"""``other`` has no tie to router and model; ``public`` and ``public_predict`` are others to open ones."""

READS = {"owner": OK, "other": HIDDEN, "shared": OK, "public": OK, "public_predict": HIDDEN, "admin": OK}
CHANGES = {
    "owner": OK,
    "other": HIDDEN,
    "shared": DENIED,
    "public": DENIED,
    "public_predict": HIDDEN,
    "admin": OK,
}
PREDICTS = {
    "owner": OK,
    "other": HIDDEN,
    "shared": DENIED,
    "public": DENIED,
    "public_predict": OK,
    "admin": OK,
}
ANYONE = dict.fromkeys(CALLERS, OK)
TAKES_ID = {**dict.fromkeys(CALLERS, DENIED), "owner": OK, "admin": OK}
DEFINES = {code: {HIDDEN: TAKEN}.get(answer, answer) for code, answer in CHANGES.items()}
"""Whoever may not know of a router defines a new one, whose id is taken."""
OWNS_KEY = {**dict.fromkeys(CALLERS, HIDDEN), "owner": OK, "admin": OK}

ADMINS = {**dict.fromkeys(CALLERS, DENIED), "admin": OK}

EXPECTED = {
    "ModelService/RegisterModelVersion": TAKES_ID,
    "ModelService/GetModelVersion": READS,
    "ModelService/ListModelVersions": ANYONE,
    "ModelService/SetModelVersionStage": CHANGES,
    "ModelService/DeleteModelVersion": CHANGES,
    "ModelService/UpdateModelPermissions": CHANGES,
    "ModelService/TestModelVersion": PREDICTS,
    "ModelService/UploadModelFile": ANYONE,
    # A router of one's own uses what one may call.
    "RouterService/CreateRouter": PREDICTS,
    "RouterService/GetRouter": READS,
    "RouterService/ListRouters": ANYONE,
    "RouterService/UpdateRouter": CHANGES,
    "RouterService/DeleteRouter": CHANGES,
    "RouterService/DeployRouter": CHANGES,
    "RouterService/StopRouter": CHANGES,
    "RouterService/StartRouter": CHANGES,
    "RouterService/UpdateVariantWeight": CHANGES,
    "RouterService/BatchUpdateVariantWeights": CHANGES,
    "RouterService/ToggleVariant": CHANGES,
    "RouterService/UpdateRouterPermissions": CHANGES,
    "RouterService/GetRouterMetrics": READS,
    "RouterService/ListPredictions": READS,
    "RouterService/GetPrediction": READS,
    "RouterService/ExplainPrediction": READS,
    "RouterService/ReplayPredictions": READS,
    "RouterService/GetShadowComparison": READS,
    "RouterService/ListRouterRevisions": READS,
    "RouterService/GetRouterRevision": READS,
    "RouterService/ExplainRouting": READS,
    "RouterService/SetCanary": CHANGES,
    "RouterService/PromoteCanary": CHANGES,
    "RouterService/SetTrafficOverride": CHANGES,
    "RouterService/ClearTrafficOverride": CHANGES,
    "RouterService/ResetLearning": CHANGES,
    "RouterService/RollbackRouter": CHANGES,
    "RouterService/EraseEntity": CHANGES,
    "PredictionService/RecordFeedback": PREDICTS,
    # Each value is answered by itself.
    "PredictionService/BatchRecordFeedback": ANYONE,
    "DefinitionService/ApplyDefinitions": DEFINES,
    "DriftService/LogPrediction": CHANGES,
    "DriftService/GetPredictions": READS,
    "DriftService/GetUnmatchedPredictions": READS,
    "DriftService/AddGroundTruth": CHANGES,
    "DriftService/UploadGroundTruth": CHANGES,
    "DriftService/UploadGroundTruthFile": CHANGES,
    "DriftService/CreateBaseline": CHANGES,
    "DriftService/GetBaselines": READS,
    "DriftService/GetActiveBaseline": READS,
    "DriftService/SetActiveBaseline": CHANGES,
    "DriftService/Analyze": CHANGES,
    "DriftService/GetAnalysisJob": READS,
    "DriftService/CancelAnalysis": CHANGES,
    "DriftService/GetLatestResult": READS,
    "DriftService/GetResults": READS,
    "DriftService/GetDriftReport": READS,
    "DriftService/GetAlertConfig": READS,
    "DriftService/UpdateAlertConfig": CHANGES,
    "DriftService/GetAlertRules": READS,
    "DriftService/UpdateAlertRules": CHANGES,
    "DriftService/SendTestAlert": CHANGES,
    "DriftService/MuteAlerts": CHANGES,
    "DriftService/GetAlertEvents": READS,
    "DriftService/GetPerformanceHistory": READS,
    "ApiKeyService/CreateApiKey": ANYONE,
    "ApiKeyService/ListApiKeys": ANYONE,
    "ApiKeyService/RevokeApiKey": OWNS_KEY,
    "ApiKeyService/GetUser": ADMINS,
    "ApiKeyService/ListUsers": ADMINS,
    "ApiKeyService/DeleteUser": ADMINS,
}

CELLS = [(method, caller) for method in EXPECTED for caller in CALLERS]

SCOPE_OF = {method.removeprefix("/pointsman.v1."): access.scope.value for method, access in METHODS.items()}
ALL_SCOPES = {"mlops:read", "mlops:write", "mlops:predict"}


def is_read(method: str) -> bool:
    """Answers whether a method changes nothing, even where it is answered."""
    return SCOPE_OF[method] == Scope.READ


def changes_nothing(method: str, caller: str) -> bool:
    """Answers whether a cell's call is refused, or reads."""
    return is_read(method) or EXPECTED[method][caller] is not OK


def user_of(bench: Bench, method: str, caller: str) -> User:
    """Answers a caller with the scope that a method asks for, and no other."""
    scopes = SCOPE_OF[method]
    if method == "ApiKeyService/CreateApiKey":
        # Whoever makes a key has what it may do.
        scopes = f"{scopes},{Scope.READ.value}"
    return bench.user(caller, scopes, admin=caller == "admin")
