"""Creating, listing and changing routers."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.dataplane.core import NativeCore
from pointsman.v1 import model_pb2, router_pb2

from .conftest import a_router, a_variant

INVALID = grpc.StatusCode.INVALID_ARGUMENT


async def test_what_is_created_is_read_back(bench, cancer):
    created = await cancer.create(
        "second",
        display_name="Second",
        description="of two",
        tags=["a", "b"],
        sticky=False,
        version_pinning=router_pb2.VERSION_PINNING_IGNORE,
        answer_router_name=True,
        default_timeout=Duration(seconds=1, nanos=500_000_000),
        record_predictions=False,
        permissions=router_pb2.RouterPermissions(public_predict=True, shared_user_ids=["bob", "alice"]),
        variants=[
            a_variant("lr", "1", 70, role=router_pb2.VARIANT_ROLE_CONTROL),
            a_variant("gb", "2", 12.5),
            a_variant("off", "2", 30, enabled=False, role=router_pb2.VARIANT_ROLE_CANARY),
        ],
    )
    assert created.owner == "local"
    assert created.default_timeout.nanos == 500_000_000
    assert created.permissions.shared_user_ids == ["bob", "alice"]
    assert await cancer.get("second") == created
    published = bench.replica.routers["second"]
    assert published.default_timeout_ms == 1500
    assert not published.record_predictions
    assert published.permissions == created.permissions
    assert len(published.salt) == 16
    assert published.salt != bench.replica.routers["cancer"].salt


async def test_defaults_are_said(bench, cancer):
    router = await cancer.get()
    assert router.display_name == "cancer"
    assert router.sticky
    assert router.record_predictions
    assert router.version_pinning == router_pb2.VERSION_PINNING_ALLOW
    assert not router.HasField("default_timeout")
    assert router.variants[0].role == router_pb2.VARIANT_ROLE_CANDIDATE


two = [a_variant("lr", "1", 70), a_variant("gb", "2", 30)]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"router_id": ""}, "router.router_id"),
        ({"router_id": "-x"}, "router.router_id"),
        ({"router_id": "x" * 129}, "router.router_id"),
        ({"router_id": "a/b"}, "router.router_id"),
        ({"router_id": "a\n"}, "router.router_id"),
        ({"strategy": 0}, "router.strategy"),
        ({"strategy": 99}, "router.strategy"),
        ({"variants": two[:1]}, "router.variants"),
        ({"variants": []}, "router.variants"),
        ({"variants": [two[0], two[0]]}, "router.variants[1].name"),
        ({"variants": [two[0], a_variant("gb", "2", 101)]}, "router.variants[1].weight"),
        ({"variants": [two[0], a_variant("gb", "2", float("nan"))]}, "router.variants[1].weight"),
        ({"variants": [two[0], a_variant("", "2", 1)]}, "router.variants[1].name"),
        ({"variants": [two[0], a_variant("gb", "", 1)]}, "router.variants[1].model_version"),
        ({"variants": [two[0], a_variant("gb", "2", 1, role=77)]}, "router.variants[1].role"),
        ({"variants": [a_variant("a", "1", 0), a_variant("b", "2", 0)]}, "router.variants"),
        ({"variants": [two[0], a_variant("b", "2", 1, enabled=False)]}, "router.variants"),
        ({"variants": [a_variant(f"v{i}", "1", 1) for i in range(101)]}, "router.variants"),
        (
            {"variants": [a_variant(n, "1", 1, role=router_pb2.VARIANT_ROLE_CONTROL) for n in "ab"]},
            "router.variants[1].role",
        ),
        ({"tags": ["a", "a"]}, "router.tags[1]"),
        ({"tags": [""]}, "router.tags[0]"),
        ({"tags": [str(i) for i in range(51)]}, "router.tags"),
        ({"description": "x" * 4097}, "router.description"),
        ({"display_name": "x\x00"}, "router.display_name"),
        ({"default_timeout": Duration()}, "router.default_timeout"),
        ({"default_timeout": Duration(seconds=-1)}, "router.default_timeout"),
        (
            {"permissions": router_pb2.RouterPermissions(shared_user_ids=["a b"])},
            "router.permissions.shared_user_ids[0]",
        ),
    ],
)
async def test_a_wrong_router_is_refused_by_the_field(bench, cancer, failing, fields, path):
    failure = await failing(cancer.create(fields.pop("router_id", "new"), **fields))
    assert failure.code is INVALID
    assert path in failure.fields
    assert failure.message.startswith(path)
    assert failure.metadata["request_id"] == "request-1"


async def test_everything_that_is_wrong_is_said_at_once(bench, cancer, failing):
    failure = await failing(cancer.create("new", tags=["", "b", "b"], display_name="x" * 300))
    assert list(failure.fields) == ["router.display_name", "router.tags[0]", "router.tags[2]"]


async def test_a_strategy_that_nobody_knows_is_refused_with_those_that_are_served(bench, cancer, failing):
    failure = await failing(cancer.create("new", strategy=99))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "STRATEGY_BANDIT" in failure.fields["router.strategy"]


async def test_an_id_is_taken_once(bench, cancer, failing):
    failure = await failing(cancer.create())
    assert failure.code is grpc.StatusCode.ALREADY_EXISTS
    assert failure.metadata["router_id"] == "cancer"


async def test_variants_need_registered_versions_with_a_backend(bench, cancer, failing):
    missing = await failing(cancer.create("new", variants=[two[0], a_variant("gb", "9", 30)]))
    assert missing.code is grpc.StatusCode.NOT_FOUND
    assert list(missing.fields) == ["router.variants[1].model_version"]
    await cancer.register(version="monitored", backend=None)
    only_monitored = await failing(cancer.create("new", variants=[two[0], a_variant("gb", "monitored", 30)]))
    assert only_monitored.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "no backend" in only_monitored.message


async def test_nobody_takes_over_the_name_of_anothers_model(bench, cancer, failing):
    await bench.user("alice").register("fraud")
    failure = await failing(bench.user("mallory").create("fraud"))
    assert failure.code is grpc.StatusCode.PERMISSION_DENIED
    assert "choose another id" in failure.message
    assert (await bench.user("alice").create("fraud")).owner == "alice"


def update(mask=(), **fields):
    return router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="cancer", **fields), update_mask=FieldMask(paths=mask)
    )


async def test_an_update_changes_what_its_mask_names(bench, cancer):
    before = await cancer.get()
    after = await cancer.routers.UpdateRouter(
        update(["description", "tags"], description="new", tags=["x"], display_name="not this")
    )
    assert (after.description, after.tags, after.display_name) == ("new", ["x"], before.display_name)
    assert after.etag != before.etag
    assert await cancer.get() == after


async def test_an_update_without_a_mask_changes_what_it_brings(bench, cancer):
    after = await cancer.routers.UpdateRouter(update(sticky=False, display_name="Mine"))
    assert (after.sticky, after.display_name) == (False, "Mine")
    assert len(after.variants) == 2
    assert not bench.replica.routers["cancer"].sticky


async def test_a_mask_can_reset(bench, cancer):
    await cancer.routers.UpdateRouter(update(default_timeout=Duration(seconds=3), tags=["x"]))
    after = await cancer.routers.UpdateRouter(update(["default_timeout", "tags", "display_name"]))
    assert not after.HasField("default_timeout")
    assert after.tags == []
    assert after.display_name == "cancer"


@pytest.mark.parametrize("path", ["router_id", "strategy", "permissions", "status", "nonsense"])
async def test_a_mask_names_only_what_can_change(bench, cancer, failing, path):
    failure = await failing(cancer.routers.UpdateRouter(update([path])))
    assert failure.code is INVALID
    assert list(failure.fields) == ["update_mask"]
    assert "display_name" in failure.message


async def test_an_update_of_nothing_is_refused(bench, cancer, failing):
    assert (await failing(cancer.routers.UpdateRouter(update()))).code is INVALID


async def test_variants_are_replaced_live_with_the_fewest_moves(bench, cancer):
    await cancer.register(version="3")
    await cancer.deploy()
    variants = [a_variant("xgb", "3", 20), a_variant("gb", "2", 30), a_variant("lr", "1", 50)]
    slots_before = bench.replica.routers["cancer"].slot_runs
    after = await cancer.routers.UpdateRouter(update(["variants"], variants=variants))
    assert after.status == router_pb2.ROUTER_STATUS_RUNNING
    assert [v.name for v in after.variants] == ["xgb", "gb", "lr"]
    names_before, names_after = ["lr", "gb"], ["xgb", "gb", "lr"]

    def owners(slot_runs, names):
        return [names[i] for i, n in zip(slot_runs[::2], slot_runs[1::2], strict=True) for _ in range(n)]

    moved = sum(
        old != new
        for old, new in zip(
            owners(slots_before, names_before),
            owners(bench.replica.routers["cancer"].slot_runs, names_after),
            strict=True,
        )
    )
    assert moved == 2000


async def test_a_live_update_to_a_dead_backend_is_refused(bench, cancer, failing):
    await cancer.register(version="3")
    await cancer.deploy()
    bench.replica.down.add("cancer/3")
    variants = [a_variant("lr", "1", 50), a_variant("gb", "3", 50)]
    failure = await failing(cancer.routers.UpdateRouter(update(["variants"], variants=variants)))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert (await cancer.get()).variants[1].model_version == "2"


async def test_a_variant_gets_another_version_live(bench, cancer):
    await cancer.register(version="3")
    await cancer.deploy()
    variants = [a_variant("lr", "1", 70), a_variant("gb", "3", 30)]
    after = await cancer.routers.UpdateRouter(update(["variants"], variants=variants))
    assert after.variants[1].model_version == "3"
    assert bench.replica.slot_share("cancer", "gb") == 0.3
    assert bench.replica.probed[-1] == "cancer/3"


async def test_lists_are_filtered_and_paged(bench, cancer):
    for number in range(5):
        await cancer.create(f"r{number}", tags=["odd"] if number % 2 else ["even"])
    await cancer.deploy("r1")

    async def ids(**filters):
        answer = await cancer.routers.ListRouters(router_pb2.ListRoutersRequest(**filters))
        return [router.router_id for router in answer.routers]

    assert await ids() == ["cancer", "r0", "r1", "r2", "r3", "r4"]
    assert await ids(tag="odd") == ["r1", "r3"]
    assert await ids(status=router_pb2.ROUTER_STATUS_RUNNING) == ["r1"]
    assert await ids(strategy=router_pb2.STRATEGY_BANDIT) == []
    assert await ids(owner="nobody") == []
    seen, token = [], ""
    while True:
        page = await cancer.routers.ListRouters(router_pb2.ListRoutersRequest(page_size=2, page_token=token))
        seen += [router.router_id for router in page.routers]
        token = page.next_page_token
        if not token:
            break
        await cancer.create(f"new{len(seen)}")
    assert [router_id for router_id in seen if not router_id.startswith("new")] == [
        "cancer",
        "r0",
        "r1",
        "r2",
        "r3",
        "r4",
    ]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"page_token": "nonsense"}, "page_token"),
        ({"page_token": "é"}, "page_token"),
        ({"status": 42}, "status"),
        ({"owner": "a b"}, "owner"),
    ],
)
async def test_a_wrong_list_request_is_refused_by_the_field(bench, cancer, failing, fields, path):
    failure = await failing(cancer.routers.ListRouters(router_pb2.ListRoutersRequest(**fields)))
    assert failure.code is INVALID
    assert path in failure.fields


async def test_a_token_belongs_to_its_filters(bench, cancer, failing):
    await cancer.create("other")
    page = await cancer.routers.ListRouters(router_pb2.ListRoutersRequest(page_size=1))
    request = router_pb2.ListRoutersRequest(page_size=1, page_token=page.next_page_token, tag="x")
    failure = await failing(cancer.routers.ListRouters(request))
    assert "other filters" in failure.message


async def test_validate_only_creates_nothing(bench, cancer, failing):
    answer = await cancer.routers.CreateRouter(
        router_pb2.CreateRouterRequest(router=a_router("dry"), validate_only=True)
    )
    assert answer.router_id == "dry"
    assert (await failing(cancer.get("dry"))).code is grpc.StatusCode.NOT_FOUND
    assert "dry" not in bench.replica.routers


async def test_validate_only_deploys_and_deletes_nothing(bench, cancer):
    await cancer.routers.DeployRouter(router_pb2.DeployRouterRequest(router_id="cancer", validate_only=True))
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer", validate_only=True))
    assert (await cancer.get()).status == router_pb2.ROUTER_STATUS_REGISTERED


async def test_a_message_of_another_type_is_refused(bench, failing):
    call = bench.channel.unary_unary(
        "/pointsman.v1.RouterService/GetRouter", request_serializer=None, response_deserializer=None
    )
    failure = await failing(
        call(b"\xff\xff\xff", metadata=(("x-pointsman-user", "u"), ("x-pointsman-scopes", "mlops:read")))
    )
    assert failure.code is INVALID


async def test_predict_is_not_answered_here(bench, failing):
    from pointsman.v1 import prediction_pb2

    failure = await failing(bench.local.predictions.Predict(prediction_pb2.PredictRequest()))
    assert failure.code is grpc.StatusCode.UNIMPLEMENTED


async def test_what_is_unexpected_is_internal_and_has_a_request_id(cancer, failing, monkeypatch):
    def broken(*_):
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(NativeCore, "reallocate_slots", broken)
    failure = await failing(
        cancer.routers.UpdateVariantWeight(
            router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=1)
        )
    )
    assert failure.code is grpc.StatusCode.INTERNAL
    assert "request-1" in failure.message
    assert "secret" not in failure.message


async def test_models_listed_beside_routers_do_not_mix(bench, cancer):
    answer = await cancer.models.ListModelVersions(model_pb2.ListModelVersionsRequest())
    assert [(m.model_id, m.version) for m in answer.model_versions] == [("cancer", "1"), ("cancer", "2")]


async def test_what_is_recorded_and_measured_is_kept_published_and_changed(bench, cancer):
    recording = router_pb2.Recording(
        features_share=0.25,
        exclude_features=["name"],
        max_body_bytes=1000,
        entity=router_pb2.ENTITY_RECORDING_HMAC,
        durability=router_pb2.RECORD_DURABILITY_DURABLE,
        retention_days=7,
        retention_bytes=2**40,
    )
    metrics = [
        router_pb2.MetricDefinition(
            name="clicked", type=router_pb2.METRIC_TYPE_BINARY, direction=router_pb2.METRIC_DIRECTION_MINIMISE
        ),
        router_pb2.MetricDefinition(
            name="score",
            type=router_pb2.METRIC_TYPE_NUMBER,
            min_value=-1,
            max_value=5,
            direction=router_pb2.METRIC_DIRECTION_MAXIMISE,
        ),
    ]
    created = await cancer.create(
        "recorded", recording=recording, metrics=metrics, allow_feedback_corrections=True
    )
    published = bench.replica.routers["recorded"]
    for message in (created, await cancer.get("recorded"), published):
        assert message.recording == recording
        assert list(message.metrics) == metrics
        assert message.allow_feedback_corrections
    assert published.changed_generation == created.generation
    assert published.create_time_us == created.create_time.ToMicroseconds()
    assert published.incarnation > 0
    changed = router_pb2.Router(router_id="recorded")
    mask = FieldMask(paths=["recording", "metrics", "allow_feedback_corrections"])
    after = await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(router=changed, update_mask=mask)
    )
    assert (after.recording.features_share, after.recording.max_body_bytes) == (1, 65_536)
    assert after.recording.entity == router_pb2.ENTITY_RECORDING_PLAIN
    assert (len(after.metrics), after.allow_feedback_corrections) == (0, False)
    assert bench.replica.routers["recorded"].recording == after.recording


async def test_the_data_plane_learns_the_entity_key_and_how_long_feedback_is_taken(bench):
    assert len(bench.replica.entity_key) == 32
    assert bench.replica.feedback_horizon_us == 90 * 86_400_000_000
