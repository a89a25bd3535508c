"""The table of method × caller, cell by cell."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from pointsman.domain.access import METHODS
from pointsman.v1 import definition_pb2, drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2

from .conftest import a_router
from .drift_by_hand import a_baseline, a_prediction, begun_by_hand, listed, result_by_hand, value

OK = grpc.StatusCode.OK
DENIED = grpc.StatusCode.PERMISSION_DENIED
HIDDEN = grpc.StatusCode.NOT_FOUND
TAKEN = grpc.StatusCode.ALREADY_EXISTS

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

SCOPE_OF = {method.removeprefix("/pointsman.v1."): access.scope.value for method, access in METHODS.items()}
ALL_SCOPES = {"mlops:read", "mlops:write", "mlops:predict"}


def test_every_method_is_in_the_table():
    methods = set()
    for file in (model_pb2, router_pb2, key_pb2, prediction_pb2, definition_pb2, drift_pb2):
        for name, service in file.DESCRIPTOR.services_by_name.items():
            methods |= {f"{name}/{method.name}" for method in service.methods}
    assert methods - {"PredictionService/Predict"} == set(EXPECTED) == set(SCOPE_OF)


def a_trial(router, permissions):
    """A canary router of the variants of another."""
    old, new = (router_pb2.Variant.FromString(one.SerializeToString()) for one in router.variants)
    old.weight = new.weight = 0
    old.role, new.role = router_pb2.VARIANT_ROLE_CONTROL, router_pb2.VARIANT_ROLE_CANARY
    return a_router(
        "trial",
        strategy=router_pb2.STRATEGY_CANARY,
        variants=[old, new],
        canary=router_pb2.Canary(percent=5),
        permissions=permissions,
    )


def a_learner(router, permissions):
    """A bandit of the variants of another router."""
    variants = [router_pb2.Variant.FromString(one.SerializeToString()) for one in router.variants]
    for variant in variants:
        variant.weight = 0
    bandit = router_pb2.Bandit(ucb1=router_pb2.Ucb1())
    return a_router(
        "learner",
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=variants,
        bandit=bandit,
        permissions=permissions,
    )


async def a_request_of_drift(bench, owner, name):
    """The fields of a request about the model ``owned``, of which everything is there."""
    baseline = a_baseline({"age": list(range(40))}, model_id="owned")
    baseline_id = (await owner.drift.CreateBaseline(baseline)).baseline_id
    of_model = {"model_id": "owned"}
    job = {**of_model, "job_id": begun_by_hand(bench, "owned")} if name.endswith(("Job", "Analysis")) else {}
    if name in ("GetLatestResult", "GetDriftReport"):
        result_by_hand(bench, "owned")
    prediction = a_prediction("owned")
    return {
        "LogPrediction": {
            field.name: value for field, value in prediction.ListFields() if field.name != "features"
        },
        "AddGroundTruth": {**of_model, "entity_id": "e", "actual_outcome": value("yes")},
        "UploadGroundTruth": {
            **of_model,
            "records": [drift_pb2.GroundTruthRecord(entity_id="e", actual_outcome=value("yes"))],
        },
        "UploadGroundTruthFile": {**of_model, "upload_id": "u1", "format": drift_pb2.GROUND_TRUTH_FORMAT_CSV},
        "CreateBaseline": {**of_model, "version": "v2", "feature_data": {"age": listed([1, 2])}},
        "SetActiveBaseline": {**of_model, "baseline_id": baseline_id},
        "GetDriftReport": {**of_model, "format": drift_pb2.REPORT_FORMAT_JSON},
        "GetAnalysisJob": job,
        "CancelAnalysis": job,
        "SendTestAlert": {**of_model, "channels": ["slack"]},
    }.get(name, of_model)


@pytest.fixture
async def scene(bench):
    """A model and a router of ``owner`` with everything a method needs."""
    owner = bench.user("owner")
    for version in ("1", "2", "spare"):
        await owner.register("owned", version)
    key = await owner.keys.CreateApiKey(
        key_pb2.CreateApiKeyRequest(scopes=[key_pb2.SCOPE_MLOPS_READ], user_id="owner")
    )

    async def prepare(method, caller):
        permissions = router_pb2.RouterPermissions(
            public=caller == "public",
            public_predict=caller == "public_predict",
            shared_user_ids=["shared"] if caller == "shared" else [],
        )
        of_model = model_pb2.ModelPermissions(
            public=permissions.public,
            public_predict=permissions.public_predict,
            shared_user_ids=permissions.shared_user_ids,
        )
        await owner.models.UpdateModelPermissions(
            model_pb2.UpdateModelPermissionsRequest(model_id="owned", permissions=of_model)
        )
        router = a_router("theirs", permissions=permissions)
        for variant in router.variants:
            variant.model_id = "owned"
        await owner.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
        if method.endswith("Canary"):
            await owner.routers.CreateRouter(
                router_pb2.CreateRouterRequest(router=a_trial(router, permissions))
            )
        if method == "RouterService/ResetLearning":
            await owner.routers.CreateRouter(
                router_pb2.CreateRouterRequest(router=a_learner(router, permissions))
            )
        if method in ("RouterService/StopRouter", "RouterService/StartRouter"):
            await owner.deploy("theirs")
        if method == "RouterService/StartRouter":
            await owner.routers.StopRouter(router_pb2.StopRouterRequest(router_id="theirs"))
        if method.endswith("User"):
            definition = definition_pb2.Definition(user=key_pb2.User(user_id="owner", admin=True))
            request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition])
            await bench.local.definitions.ApplyDefinitions(request)
        if method.startswith("DriftService/"):
            return await a_request_of_drift(bench, owner, method.partition("/")[2])
        prediction_id = bench.replica.predict("theirs", "lr", model_id="owned")
        bench.replica.predict("theirs", "was", model_id="owned", reason="shadow")
        model_version = model_pb2.ModelVersion(model_id="owned", version="new")
        return {
            "RegisterModelVersion": {"model_version": model_version},
            "GetModelVersion": {"model_id": "owned", "version": "1"},
            "SetModelVersionStage": {"model_id": "owned", "version": "1", "stage": model_pb2.STAGE_STAGING},
            "DeleteModelVersion": {"model_id": "owned", "version": "spare"},
            "UpdateModelPermissions": {"model_id": "owned", "permissions": of_model},
            "TestModelVersion": {"model_id": "owned", "version": "1"},
            "UploadModelFile": {"sha256": "0" * 64, "size_bytes": 1},
            "CreateRouter": {
                "router": a_router("mine", variants=[*router.variants]),
            },
            "UpdateRouter": {"router": router_pb2.Router(router_id="theirs", description="x")},
            "UpdateVariantWeight": {"router_id": "theirs", "variant": "lr", "weight": 1},
            "BatchUpdateVariantWeights": {
                "router_id": "theirs",
                "weights": [router_pb2.VariantWeight(variant="lr", weight=1)],
            },
            "ToggleVariant": {"router_id": "theirs", "variant": "lr", "enabled": True},
            "UpdateRouterPermissions": {"router_id": "theirs", "permissions": permissions},
            "GetPrediction": {"router_id": "theirs", "prediction_id": prediction_id},
            "ExplainPrediction": {"router_id": "theirs", "prediction_id": prediction_id},
            "GetShadowComparison": {"router_id": "theirs", "variant": "was"},
            "GetRouterRevision": {"router_id": "theirs", "revision": 1},
            "RollbackRouter": {"router_id": "theirs", "revision": 1},
            "SetCanary": {"router_id": "trial", "percent": 1.0},
            "PromoteCanary": {"router_id": "trial"},
            "ResetLearning": {"router_id": "learner"},
            "SetTrafficOverride": {
                "router_id": "theirs",
                "variant": "lr",
                "ttl": Duration(seconds=60),
                "reason": "x",
            },
            "EraseEntity": {"router_id": "theirs", "entity_id": "u"},
            "RecordFeedback": {"prediction_id": prediction_id, "value": 1},
            "BatchRecordFeedback": {"feedback": [{"prediction_id": prediction_id, "value": 1}]},
            "ApplyDefinitions": {"definitions": [{"router": router}]},
            "ListModelVersions": {},
            "ListRouters": {},
            "ListApiKeys": {},
            "CreateApiKey": {"scopes": [key_pb2.SCOPE_MLOPS_READ]},
            "RevokeApiKey": {"key_id": key.api_key.key_id},
            "GetUser": {"user_id": "owner"},
            "ListUsers": {},
            "DeleteUser": {"user_id": "owner"},
        }.get(method.partition("/")[2], {"router_id": "theirs"})

    return prepare


def stub_and_request(user, method, fields):
    service, _, name = method.partition("/")
    stub, file = {
        "ModelService": (user.models, model_pb2),
        "RouterService": (user.routers, router_pb2),
        "ApiKeyService": (user.keys, key_pb2),
        "PredictionService": (user.predictions, prediction_pb2),
        "DefinitionService": (user.definitions, definition_pb2),
        "DriftService": (user.drift, drift_pb2),
    }[service]
    return getattr(stub, name)(getattr(file, f"{name}Request")(**fields))


async def code_of(call):
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return OK


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("method", EXPECTED)
async def test_with_the_scope_the_rule_decides(bench, scene, method, caller):
    fields = await scene(method, caller)
    user = bench.user(caller, SCOPE_OF[method], admin=caller == "admin")
    if method == "ApiKeyService/CreateApiKey":
        user = bench.user(caller, f"{SCOPE_OF[method]},mlops:read", admin=caller == "admin")
    assert await code_of(stub_and_request(user, method, fields)) is EXPECTED[method][caller]


@pytest.mark.parametrize("method", EXPECTED)
async def test_without_the_scope_even_the_owner_is_denied(bench, scene, method):
    fields = await scene(method, "owner")
    user = bench.user("owner", ",".join(ALL_SCOPES - {SCOPE_OF[method]}))
    assert await code_of(stub_and_request(user, method, fields)) is DENIED


@pytest.mark.parametrize("method", EXPECTED)
async def test_an_admin_needs_no_scope(bench, scene, method):
    fields = await scene(method, "owner")
    assert await code_of(stub_and_request(bench.user("admin", "", admin=True), method, fields)) is OK


@pytest.mark.parametrize("method", EXPECTED)
async def test_a_call_that_names_nobody_is_unauthenticated(bench, scene, method):
    fields = await scene(method, "owner")
    code = await code_of(stub_and_request(bench.nobody(), method, fields))
    assert code is grpc.StatusCode.UNAUTHENTICATED


async def test_lists_show_what_their_caller_may_read(bench, cancer):
    alice = bench.user("alice")
    await alice.create("mine")
    await alice.create("shown", permissions=router_pb2.RouterPermissions(public=True))
    await alice.create("callable", permissions=router_pb2.RouterPermissions(public_predict=True))
    await alice.create("shared", permissions=router_pb2.RouterPermissions(shared_user_ids=["bob"]))

    async def seen(user):
        answer = await user.routers.ListRouters(router_pb2.ListRoutersRequest())
        return [router.router_id for router in answer.routers]

    assert await seen(alice) == ["callable", "mine", "shared", "shown"]
    assert await seen(bench.user("bob")) == ["shared", "shown"]
    assert await seen(bench.user("carol")) == ["shown"]
    assert await seen(bench.local) == ["callable", "cancer", "mine", "shared", "shown"]


async def test_permissions_take_effect_at_once(bench, cancer):
    bob = bench.user("bob")
    assert await code_of(bob.get()) is HIDDEN
    answer = await cancer.routers.UpdateRouterPermissions(
        router_pb2.UpdateRouterPermissionsRequest(
            router_id="cancer", permissions=router_pb2.RouterPermissions(shared_user_ids=["bob"])
        )
    )
    assert answer.permissions.shared_user_ids == ["bob"]
    assert await code_of(bob.get()) is OK
    assert bench.replica.routers["cancer"].permissions.shared_user_ids == ["bob"]
    none = router_pb2.UpdateRouterPermissionsRequest(
        router_id="cancer", permissions=router_pb2.RouterPermissions()
    )
    await cancer.routers.UpdateRouterPermissions(none)
    assert await code_of(bob.get()) is HIDDEN


async def test_a_hidden_router_looks_like_none(bench, cancer, failing):
    hidden = await failing(bench.user("bob").get("cancer"))
    missing = await failing(bench.user("bob").get("missing"))
    assert hidden.message.replace("cancer", "missing") == missing.message
    assert hidden.reason == missing.reason


def handing_over(owner, **fields):
    request = router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="cancer", owner=owner, **fields)
    )
    request.update_mask.paths.append("owner")
    return request


class TestOwners:
    """A router is its owner's to hand over; only admins make routers for others."""

    async def test_a_router_that_is_handed_over_is_the_new_owners_at_once(self, bench, cancer):
        bob = bench.user("bob")
        assert await code_of(bob.get()) is HIDDEN
        answer = await cancer.routers.UpdateRouter(handing_over("bob"))
        assert answer.owner == (await bob.get()).owner == "bob"
        assert bench.replica.routers["cancer"].owner == "bob"
        again = await bob.routers.UpdateRouter(handing_over("carol"))
        assert again.owner == "carol"
        assert await code_of(bob.get()) is HIDDEN

    async def test_only_its_owner_and_admins_hand_it_over(self, bench, cancer):
        shared = router_pb2.UpdateRouterPermissionsRequest(
            router_id="cancer", permissions=router_pb2.RouterPermissions(public=True)
        )
        await cancer.routers.UpdateRouterPermissions(shared)
        call = bench.user("bob").routers.UpdateRouter(handing_over("bob"))
        assert await code_of(call) is grpc.StatusCode.PERMISSION_DENIED
        assert (await cancer.get()).owner == "local"

    async def test_history_says_who_handed_it_over_to_whom(self, bench, cancer):
        await bench.user("ops", admin=True).routers.UpdateRouter(handing_over("bob"))
        request = router_pb2.ListRouterRevisionsRequest(router_id="cancer")
        newest = (await bench.user("bob").routers.ListRouterRevisions(request)).revisions[0]
        assert (newest.summary, newest.user_id) == ("owner local → bob", "ops")

    async def test_who_sends_back_what_was_read_hands_nothing_over(self, bench, cancer):
        read = await cancer.get()
        await cancer.routers.UpdateRouter(handing_over("bob"))
        read.description, read.etag = "Spring trial", ""
        for paths in ([], ["*"]):
            request = router_pb2.UpdateRouterRequest(router=read)
            request.update_mask.paths.extend(paths)
            assert (await bench.local.routers.UpdateRouter(request)).owner == "bob"

    @pytest.mark.parametrize("owner", ["", "no user", "x" * 129])
    async def test_what_can_be_no_user_is_refused(self, bench, cancer, failing, owner):
        failure = await failing(cancer.routers.UpdateRouter(handing_over(owner)))
        assert (failure.code, list(failure.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["router.owner"])

    async def test_only_admins_create_routers_for_others(self, bench, cancer, failing):
        assert (await bench.local.create("bobs", owner="bob")).owner == "bob"
        assert (await bench.user("bob").create("bobs-own", owner="bob")).owner == "bob"
        failure = await failing(bench.user("bob").create("carols", owner="carol"))
        assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_ADMIN")
        assert await code_of(bench.local.get("carols")) is grpc.StatusCode.NOT_FOUND
