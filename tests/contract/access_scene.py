"""Models and routers of ``owner`` with everything that a method's call needs, and the calls."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from pointsman.v1 import definition_pb2, drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2

from .conftest import Bench, User, a_router
from .drift_by_hand import a_baseline, a_prediction, begun_by_hand, listed, result_by_hand, value

WAYS: dict[str, dict[str, Any]] = {
    "shared": {"shared_user_ids": ["shared"]},
    "public": {"public": True},
    "public_predict": {"public_predict": True},
}
"""How a model and its router are open to the caller of that name; to all others they are closed."""


class Scene:
    """What calls need, on one server: for each way of being open a model and routers of its own.

    Each thing is made once, when a call first needs it.

    Attributes:
        bench: The server.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._owner = bench.user("owner")
        self._made: dict[tuple[str, str], Any] = {}

    async def fields(self, method: str, caller: str) -> dict[str, Any]:
        """Answers the fields of a request about what is open to the caller as its name says."""
        way = caller if caller in WAYS else ""
        service, _, name = method.partition("/")
        model_id = await self._once("model", way, self._make_model)
        if service == "DriftService":
            return await self._fields_of_drift(name, way, model_id)
        router_id = await self._once("router", way, self._make_router)
        prediction_id = await self._once("prediction", way, self._make_prediction)
        permissions = router_pb2.RouterPermissions(**WAYS.get(way, {}))
        variants = _variants(model_id)
        weight = router_pb2.VariantWeight(variant="lr", weight=1)
        of_methods: dict[str, dict[str, Any]] = {
            "RegisterModelVersion": {
                "model_version": model_pb2.ModelVersion(model_id=model_id, version="new")
            },
            "GetModelVersion": {"model_id": model_id, "version": "1"},
            "SetModelVersionStage": {"model_id": model_id, "version": "1", "stage": model_pb2.STAGE_STAGING},
            "DeleteModelVersion": {"model_id": model_id, "version": "spare"},
            "UpdateModelPermissions": {
                "model_id": model_id,
                "permissions": model_pb2.ModelPermissions(**WAYS.get(way, {})),
            },
            "TestModelVersion": {"model_id": model_id, "version": "1"},
            "UploadModelFile": {"sha256": "0" * 64, "size_bytes": 1},
            "CreateRouter": {"router": a_router("mine", variants=variants)},
            "UpdateRouter": {"router": router_pb2.Router(router_id=router_id, description="x")},
            "UpdateVariantWeight": {"router_id": router_id, "variant": "lr", "weight": 1},
            "BatchUpdateVariantWeights": {"router_id": router_id, "weights": [weight]},
            "ToggleVariant": {"router_id": router_id, "variant": "lr", "enabled": True},
            "UpdateRouterPermissions": {"router_id": router_id, "permissions": permissions},
            "GetPrediction": {"router_id": router_id, "prediction_id": prediction_id},
            "ExplainPrediction": {"router_id": router_id, "prediction_id": prediction_id},
            "GetShadowComparison": {"router_id": router_id, "variant": "was"},
            "GetRouterRevision": {"router_id": router_id, "revision": 1},
            "RollbackRouter": {"router_id": router_id, "revision": 1},
            "SetTrafficOverride": {
                "router_id": router_id,
                "variant": "lr",
                "ttl": Duration(seconds=60),
                "reason": "x",
            },
            "EraseEntity": {"router_id": router_id, "entity_id": "u"},
            "RecordFeedback": {"prediction_id": prediction_id, "value": 1},
            "BatchRecordFeedback": {"feedback": [{"prediction_id": prediction_id, "value": 1}]},
            "ApplyDefinitions": {
                "definitions": [{"router": a_router(router_id, variants=variants, permissions=permissions)}]
            },
            "ListModelVersions": {},
            "ListRouters": {},
            "ListApiKeys": {},
            "CreateApiKey": {"scopes": [key_pb2.SCOPE_MLOPS_READ]},
            "RevokeApiKey": {},
            "GetUser": {"user_id": "owner"},
            "ListUsers": {},
            "DeleteUser": {"user_id": "owner"},
        }
        return of_methods.get(name, {"router_id": router_id}) | await self._fields_of_more(name, way)

    async def _fields_of_more(self, name: str, way: str) -> dict[str, Any]:
        """What only some methods need is not made for the others."""
        if name == "StopRouter":
            return {"router_id": await self._once("running", way, self._make_running)}
        if name == "StartRouter":
            return {"router_id": await self._once("stopped", way, self._make_stopped)}
        if name == "SetCanary":
            return {"router_id": await self._once("trial", way, self._make_trial), "percent": 1.0}
        if name == "PromoteCanary":
            return {"router_id": await self._once("trial", way, self._make_trial)}
        if name == "ResetLearning":
            return {"router_id": await self._once("learner", way, self._make_learner)}
        if name == "RevokeApiKey":
            return {"key_id": await self._once("key", "", self._make_key)}
        if name.endswith("User"):
            await self._once("user", "", self._make_user)
        return {}

    async def _fields_of_drift(self, name: str, way: str, model_id: str) -> dict[str, Any]:
        baseline_id = await self._once("baseline", way, self._make_baseline)
        of_model = {"model_id": model_id}
        job = of_model
        if name.endswith(("Job", "Analysis")):
            job = {**of_model, "job_id": await self._once("analysis", way, self._make_analysis)}
        if name in ("GetLatestResult", "GetDriftReport"):
            await self._once("result", way, self._make_result)
        prediction = a_prediction(model_id)
        truth: dict[str, Any] = {"entity_id": "e", "actual_outcome": value("yes")}
        csv = drift_pb2.GROUND_TRUTH_FORMAT_CSV
        of_methods: dict[str, dict[str, Any]] = {
            "LogPrediction": {
                field.name: value for field, value in prediction.ListFields() if field.name != "features"
            },
            "AddGroundTruth": {**of_model, **truth},
            "UploadGroundTruth": {**of_model, "records": [drift_pb2.GroundTruthRecord(**truth)]},
            "UploadGroundTruthFile": {**of_model, "upload_id": "u1", "format": csv},
            "CreateBaseline": {**of_model, "version": "v2", "feature_data": {"age": listed([1, 2])}},
            "SetActiveBaseline": {**of_model, "baseline_id": baseline_id},
            "GetDriftReport": {**of_model, "format": drift_pb2.REPORT_FORMAT_JSON},
            "GetAnalysisJob": job,
            "CancelAnalysis": job,
            "SendTestAlert": {**of_model, "channels": ["slack"]},
        }
        return of_methods.get(name, of_model)

    async def _once(self, thing: str, way: str, make: Callable[[str], Awaitable[Any]]) -> Any:
        if (thing, way) not in self._made:
            self._made[thing, way] = await make(way)
        return self._made[thing, way]

    async def _make_model(self, way: str) -> str:
        model_id = _id("owned", way)
        for version in ("1", "2", "spare"):
            await self._owner.register(model_id, version)
        permissions = model_pb2.ModelPermissions(**WAYS.get(way, {}))
        await self._owner.models.UpdateModelPermissions(
            model_pb2.UpdateModelPermissionsRequest(model_id=model_id, permissions=permissions)
        )
        return model_id

    async def _make_router(self, way: str, name: str = "theirs", **fields: Any) -> str:
        fields.setdefault("variants", _variants(_id("owned", way)))
        permissions = router_pb2.RouterPermissions(**WAYS.get(way, {}))
        await self._owner.create(_id(name, way), permissions=permissions, **fields)
        return _id(name, way)

    async def _make_running(self, way: str) -> str:
        router_id = await self._make_router(way, "running")
        await self._owner.deploy(router_id)
        return router_id

    async def _make_stopped(self, way: str) -> str:
        router_id = await self._make_router(way, "stopped")
        await self._owner.deploy(router_id)
        await self._owner.routers.StopRouter(router_pb2.StopRouterRequest(router_id=router_id))
        return router_id

    async def _make_trial(self, way: str) -> str:
        """A canary router."""
        old, new = _variants(_id("owned", way))
        old.weight = new.weight = 0
        old.role, new.role = router_pb2.VARIANT_ROLE_CONTROL, router_pb2.VARIANT_ROLE_CANARY
        canary = router_pb2.Canary(percent=5)
        strategy = router_pb2.STRATEGY_CANARY
        return await self._make_router(way, "trial", strategy=strategy, variants=[old, new], canary=canary)

    async def _make_learner(self, way: str) -> str:
        """A bandit."""
        variants = _variants(_id("owned", way))
        for variant in variants:
            variant.weight = 0
        bandit = router_pb2.Bandit(ucb1=router_pb2.Ucb1())
        strategy = router_pb2.STRATEGY_BANDIT
        return await self._make_router(way, "learner", strategy=strategy, variants=variants, bandit=bandit)

    async def _make_prediction(self, way: str) -> str:
        """A prediction, and one beside it of a shadow."""
        router_id, model_id = _id("theirs", way), _id("owned", way)
        self.bench.replica.predict(router_id, "was", model_id=model_id, reason="shadow")
        return self.bench.replica.predict(router_id, "lr", model_id=model_id)

    async def _make_key(self, _: str) -> str:
        request = key_pb2.CreateApiKeyRequest(scopes=[key_pb2.SCOPE_MLOPS_READ], user_id="owner")
        return str((await self._owner.keys.CreateApiKey(request)).api_key.key_id)

    async def _make_user(self, _: str) -> None:
        definition = definition_pb2.Definition(user=key_pb2.User(user_id="owner", admin=True))
        request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition])
        await self.bench.local.definitions.ApplyDefinitions(request)

    async def _make_baseline(self, way: str) -> str:
        baseline = a_baseline({"age": list(range(40))}, model_id=_id("owned", way))
        return str((await self._owner.drift.CreateBaseline(baseline)).baseline_id)

    async def _make_analysis(self, way: str) -> str:
        # While it runs there is no place for another, as that of the result.
        await self._once("result", way, self._make_result)
        return begun_by_hand(self.bench, _id("owned", way), ahead_seconds=600)

    async def _make_result(self, way: str) -> None:
        result_by_hand(self.bench, _id("owned", way))


def _id(name: str, way: str) -> str:
    return f"{name}-{way.replace('_', '-')}" if way else name


def _variants(model_id: str) -> Sequence[router_pb2.Variant]:
    variants = list(a_router().variants)
    for variant in variants:
        variant.model_id = model_id
    return variants


def begin_call(user: User, method: str, fields: dict[str, Any]) -> Awaitable[Any]:
    """Makes a call, which a test awaits."""
    service, _, name = method.partition("/")
    stub, file = {
        "ModelService": (user.models, model_pb2),
        "RouterService": (user.routers, router_pb2),
        "ApiKeyService": (user.keys, key_pb2),
        "PredictionService": (user.predictions, prediction_pb2),
        "DefinitionService": (user.definitions, definition_pb2),
        "DriftService": (user.drift, drift_pb2),
    }[service]
    call: Awaitable[Any] = getattr(stub, name)(getattr(file, f"{name}Request")(**fields))
    return call


async def code_of(call: Awaitable[Any]) -> grpc.StatusCode:
    """Answers the status of a call."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK
