"""Definitions are brought into force together, or not at all, and as the single calls would."""

import asyncio
import threading

import grpc
import pytest

from pointsman.v1 import definition_pb2, model_pb2, router_pb2

from .conftest import a_router, a_variant

CREATED = definition_pb2.DEFINITION_OUTCOME_CREATED
CHANGED = definition_pb2.DEFINITION_OUTCOME_CHANGED
UNCHANGED = definition_pb2.DEFINITION_OUTCOME_UNCHANGED
RUNNING = router_pb2.ROUTER_STATUS_RUNNING
STOPPED = router_pb2.ROUTER_STATUS_STOPPED


@pytest.fixture
def database_url(each_database_url):
    return each_database_url


def a_model(version="1", model_id="cancer", target="127.0.0.1:8081", **fields):
    backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=target))
    return model_pb2.ModelVersion(model_id=model_id, version=version, backend=backend, **fields)


def define(*objects):
    return [
        definition_pb2.Definition(router=item)
        if isinstance(item, router_pb2.Router)
        else definition_pb2.Definition(model=item)
        for item in objects
    ]


async def apply(user, *objects, **fields):
    request = definition_pb2.ApplyDefinitionsRequest(definitions=define(*objects), **fields)
    return await user.definitions.ApplyDefinitions(request)


def outcomes(answer):
    return [change.outcome for change in answer.changes]


def fields_of(change):
    def shown(field, name):
        if not field.HasField(name):
            return None
        value = getattr(field, name)
        return getattr(value, value.WhichOneof("kind"))

    return {field.field: (shown(field, "before"), shown(field, "after")) for field in change.fields}


async def all_of(user):
    listed = await user.routers.ListRouters(router_pb2.ListRoutersRequest())
    models = await user.models.ListModelVersions(model_pb2.ListModelVersionsRequest())
    return list(listed.routers), list(models.model_versions)


EVERYTHING = (a_model("1"), a_model("2"), a_router())


async def test_what_is_not_there_is_created_in_one_change(bench):
    before = bench.replica.generation
    answer = await apply(bench.local, a_router(), a_model("2"), a_model("1"))
    assert outcomes(answer) == [CREATED] * 3
    assert [change.id for change in answer.changes] == ["cancer", "cancer/2", "cancer/1"]
    assert answer.generation == before + 1 == bench.replica.generation
    router = await bench.local.get()
    assert router.owner == "local"
    assert router.status == router_pb2.ROUTER_STATUS_REGISTERED


async def test_applying_the_same_again_is_no_change(bench):
    objects = (*EVERYTHING, a_router("other", status=RUNNING))
    await apply(bench.local, *objects)
    seen, updates = await all_of(bench.local), len(bench.replica.updates)
    answer = await apply(bench.local, *objects)
    assert outcomes(answer) == [UNCHANGED] * 4
    assert await all_of(bench.local) == seen
    assert answer.generation == bench.replica.generation
    assert len(bench.replica.updates) == updates


async def test_what_differs_is_changed_field_by_field_and_nothing_else(bench):
    await apply(bench.local, *EVERYTHING)
    wanted = a_router(
        variants=[a_variant("lr", "1", 50), a_variant("gb", "2", 30)],
        sticky=False,
        tags=["x"],
        default_timeout={"seconds": 2},
        metrics=[router_pb2.MetricDefinition(name="cost")],
        permissions=router_pb2.RouterPermissions(shared_user_ids=["bob"]),
    )
    answer = await apply(bench.local, *EVERYTHING[:2], wanted)
    assert outcomes(answer) == [UNCHANGED, UNCHANGED, CHANGED]
    change = answer.changes[2]
    assert fields_of(change)["variants[lr].weight"] == (70, 50)
    assert fields_of(change)["sticky"] == (True, False)
    assert fields_of(change)["default_timeout"] == (None, "2s")
    assert set(fields_of(change)) == {
        "variants[lr].weight",
        "sticky",
        "tags",
        "default_timeout",
        "metrics",
        "permissions.shared_user_ids",
    }
    router = await bench.local.get()
    assert list(router.tags) == ["x"]
    assert [metric.name for metric in router.metrics] == ["cost"]
    assert list(router.permissions.shared_user_ids) == ["bob"]
    assert (await bench.user("bob").get()).router_id == "cancer"


async def test_a_field_that_is_left_out_has_its_default(bench):
    await apply(bench.local, *EVERYTHING[:2], a_router(description="x", sticky=False, tags=["a"]))
    answer = await apply(bench.local, a_router())
    assert set(fields_of(answer.changes[0])) == {"description", "sticky", "tags"}
    router = await bench.local.get()
    assert (router.description, router.sticky, list(router.tags)) == ("", True, [])


async def test_new_weights_move_the_fewest_slots_as_the_single_call_does(bench):
    await apply(bench.local, *EVERYTHING, a_router("twin"))
    for router_id in ("cancer", "twin"):
        await bench.local.deploy(router_id)
    answer = await apply(bench.local, a_router(variants=[a_variant("lr", "1", 50), a_variant("gb", "2", 50)]))
    single = await bench.local.routers.BatchUpdateVariantWeights(
        router_pb2.BatchUpdateVariantWeightsRequest(
            router_id="twin",
            weights=[router_pb2.VariantWeight(variant=name, weight=50) for name in ("lr", "gb")],
        )
    )
    assert answer.changes[0].moved_slots == single.moved_slots == 2000
    published = bench.replica.routers
    assert published["cancer"].slot_runs == published["twin"].slot_runs


async def test_the_order_of_variants_is_a_change_that_moves_nothing(bench):
    await apply(bench.local, *EVERYTHING)
    turned = a_router(variants=[a_variant("gb", "2", 30), a_variant("lr", "1", 70)])
    answer = await apply(bench.local, turned)
    assert list(fields_of(answer.changes[0])) == ["variants (order)"]
    assert answer.changes[0].moved_slots == 0


async def test_a_check_answers_the_changes_and_makes_none(bench):
    answer = await apply(bench.local, *EVERYTHING, validate_only=True)
    assert outcomes(answer) == [CREATED] * 3
    assert answer.generation == bench.replica.generation
    assert await all_of(bench.local) == ([], [])
    await apply(bench.local, *EVERYTHING)
    seen = await all_of(bench.local)
    answer = await apply(bench.local, a_router(sticky=False, status=RUNNING), validate_only=True)
    assert set(fields_of(answer.changes[0])) == {"sticky", "status"}
    assert await all_of(bench.local) == seen


async def test_one_that_is_refused_leaves_all_as_they_were_and_every_fault_is_told(bench, failing):
    failure = await failing(
        apply(
            bench.local,
            *EVERYTHING,
            a_router("a", variants=[a_variant("x", "1", 170), a_variant("x", "2", 30)]),
            a_router("b c"),
        )
    )
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert set(failure.fields) == {
        "definitions[3].router.variants[0].weight",
        "definitions[3].router.variants[1].name",
        "definitions[4].router.router_id",
    }
    assert failure.message.startswith("3 faults, nothing is changed; the first: definitions[3].router.")
    assert await all_of(bench.local) == ([], [])


async def test_a_model_version_that_is_missing_refuses_all(bench, failing):
    failure = await failing(apply(bench.local, a_model("1"), a_router(), a_router("other")))
    assert failure.code is grpc.StatusCode.NOT_FOUND
    assert set(failure.fields) == {
        "definitions[1].router.variants[1].model_version",
        "definitions[2].router.variants[1].model_version",
    }
    assert await all_of(bench.local) == ([], [])


async def test_many_faults_fit_into_an_answer(bench, failing):
    bad = [a_router(f"r{number}", variants=[a_variant("x", "1", 101)] * 3) for number in range(900)]
    failure = await failing(apply(bench.local, *bad))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "definitions[0].router.variants[0].weight" in failure.fields
    assert "faults more; mend those told first" in failure.fields["definitions"]
    assert failure.message.startswith("4500 faults, nothing is changed")


async def test_the_number_of_definitions_is_bounded(bench, failing):
    failure = await failing(apply(bench.local, *[a_model(str(number)) for number in range(1001)]))
    assert "at most 1000" in failure.fields["definitions"]
    assert "is empty" in (await failing(apply(bench.local))).fields["definitions"]
    nothing = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition()])
    failure = await failing(bench.local.definitions.ApplyDefinitions(nothing))
    assert failure.fields == {"definitions[0]": "is empty; set model, router or user"}


async def test_an_object_is_defined_once(bench, failing):
    failure = await failing(apply(bench.local, *EVERYTHING, a_router(), a_model("2")))
    assert set(failure.fields) == {"definitions[3].router.router_id", "definitions[4].model.version"}
    assert "is also definitions[2].router" in failure.fields["definitions[3].router.router_id"]


async def test_somebody_without_rights_to_one_of_them_changes_nothing(bench, failing):
    alice = bench.user("alice")
    shared = router_pb2.RouterPermissions(shared_user_ids=["alice"])
    await apply(bench.local, *EVERYTHING, a_router("seen", permissions=shared), a_router("hidden"))
    usable = model_pb2.ModelPermissions(public_predict=True)
    await apply(bench.local, a_model("1", permissions=usable))
    seen = await all_of(bench.local)
    for router_id, code in (
        ("seen", grpc.StatusCode.PERMISSION_DENIED),
        ("hidden", grpc.StatusCode.ALREADY_EXISTS),
    ):
        failure = await failing(apply(alice, a_router("mine"), a_router(router_id, sticky=False)))
        assert failure.code is code
        assert all(field.startswith("definitions[1].router") for field in failure.fields)
    failure = await failing(apply(alice, a_router("mine"), a_model("3")))
    assert failure.code is grpc.StatusCode.PERMISSION_DENIED
    assert list(failure.fields) == ["definitions[1].model"]
    assert await all_of(bench.local) == seen


async def test_a_registered_version_does_not_change_and_what_differs_is_told(bench, failing):
    await apply(bench.local, a_model("1", tags=["a"], metrics={"auc": 0.9}))
    failure = await failing(apply(bench.local, a_model("1", target="127.0.0.1:9", metrics={"auc": 0.8})))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure.reason == "MODEL_VERSION_DIFFERS"
    assert set(failure.fields) == {
        "definitions[0].model.backend.grpc.target",
        "definitions[0].model.metrics.auc",
        "definitions[0].model.tags",
    }
    assert "is 0.8, registered is 0.9" in failure.fields["definitions[0].model.metrics.auc"]


async def test_what_a_backend_said_of_a_version_is_no_difference(bench):
    bench.replica.signature.inputs.add(name="x", datatype="FP32", shape=[-1, 30])
    bench.replica.signature.outputs.add(name="y", datatype="FP32", shape=[-1])
    await apply(bench.local, a_model("1"))
    (registered,) = (await all_of(bench.local))[1]
    assert registered.signature.inputs[0].name == "x"
    assert outcomes(await apply(bench.local, a_model("1"))) == [UNCHANGED]
    assert outcomes(await apply(bench.local, a_model("1", signature=registered.signature))) == [UNCHANGED]


async def test_a_strategy_does_not_change(bench, failing):
    await apply(bench.local, *EVERYTHING)
    control, canary = (
        a_variant(name, version, 0, role=role)
        for name, version, role in (
            ("lr", "1", router_pb2.VARIANT_ROLE_CONTROL),
            ("gb", "2", router_pb2.VARIANT_ROLE_CANARY),
        )
    )
    other = a_router(
        strategy=router_pb2.STRATEGY_CANARY,
        variants=[control, canary],
        canary=router_pb2.Canary(percent=5),
    )
    failure = await failing(apply(bench.local, other))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "canary is not the router's, weighted" in failure.fields["definitions[0].router.strategy"]


async def test_a_stage_is_brought_about_and_left_alone_where_it_is_not_stated(bench):
    await apply(bench.local, a_model("1", stage=model_pb2.STAGE_PRODUCTION), a_model("2"))
    assert outcomes(await apply(bench.local, a_model("1"), a_model("2"))) == [UNCHANGED] * 2
    answer = await apply(bench.local, a_model("2", stage=model_pb2.STAGE_PRODUCTION))
    assert [(change.id, fields_of(change)) for change in answer.changes] == [
        ("cancer/2", {"stage": ("none", "production")}),
        ("cancer/1", {"stage": ("production", "archived")}),
    ]
    answer = await apply(
        bench.local,
        a_model("1", stage=model_pb2.STAGE_PRODUCTION),
        a_model("2", stage=model_pb2.STAGE_STAGING),
    )
    assert [fields_of(change)["stage"] for change in answer.changes] == [
        ("archived", "production"),
        ("production", "staging"),
    ]
    stages = {model.version: model.stage for model in (await all_of(bench.local))[1]}
    assert stages == {"1": model_pb2.STAGE_PRODUCTION, "2": model_pb2.STAGE_STAGING}


async def test_two_versions_in_production_are_refused(bench, failing):
    production = {"stage": model_pb2.STAGE_PRODUCTION}
    failure = await failing(apply(bench.local, a_model("1", **production), a_model("2", **production)))
    assert list(failure.fields) == ["definitions[1].model.stage"]


async def test_a_router_is_put_into_service_and_taken_out(bench):
    await apply(bench.local, *EVERYTHING[:2], a_router(status=RUNNING))
    router = await bench.local.get()
    assert router.status == RUNNING
    assert router.HasField("deploy_time")
    assert bench.replica.status_of("cancer") == "ROUTER_STATUS_RUNNING"
    answer = await apply(bench.local, a_router(status=STOPPED))
    assert fields_of(answer.changes[0]) == {"status": ("running", "stopped")}
    assert (await bench.local.get()).status == STOPPED
    assert bench.replica.status_of("cancer") != "ROUTER_STATUS_RUNNING"
    assert outcomes(await apply(bench.local, a_router(status=STOPPED))) == [UNCHANGED]
    assert outcomes(await apply(bench.local, a_router())) == [UNCHANGED]
    await apply(bench.local, a_router(status=RUNNING))
    assert outcomes(await apply(bench.local, a_router())) == [UNCHANGED]
    assert (await bench.local.get()).status == RUNNING


async def test_a_router_that_was_never_deployed_is_stopped_already(bench):
    answer = await apply(bench.local, *EVERYTHING[:2], a_router(status=STOPPED))
    assert outcomes(answer) == [CREATED] * 3
    assert outcomes(await apply(bench.local, a_router(status=STOPPED))) == [UNCHANGED]


async def test_a_router_is_wanted_running_or_stopped(bench, failing):
    await apply(bench.local, *EVERYTHING)
    for status in (router_pb2.ROUTER_STATUS_FAILED, router_pb2.ROUTER_STATUS_REGISTERED):
        failure = await failing(apply(bench.local, a_router(status=status)))
        assert list(failure.fields) == ["definitions[0].router.status"]


async def test_a_backend_that_does_not_answer_keeps_all_out_of_service(bench, failing):
    bench.replica.down.add("cancer/2")
    failure = await failing(apply(bench.local, *EVERYTHING[:2], a_router(status=RUNNING)))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert list(failure.fields) == ["definitions[2].router.variants[1].model_version"]
    assert await all_of(bench.local) == ([], [])
    # Out of service nobody needs it.
    await apply(bench.local, *EVERYTHING)


async def test_a_router_that_runs_asks_what_it_begins_to_use_and_only_that(bench, failing):
    await apply(bench.local, *EVERYTHING[:2], a_model("3"), a_router(status=RUNNING))
    bench.replica.probed.clear()
    bench.replica.down |= {"cancer/1", "cancer/3"}
    reweighted = [a_variant("lr", "1", 1), a_variant("gb", "2", 1)]
    await apply(bench.local, a_router(variants=reweighted))
    assert bench.replica.probed == []
    failure = await failing(apply(bench.local, a_router(variants=[*reweighted, a_variant("new", "3", 1)])))
    assert list(failure.fields) == ["definitions[0].router.variants[2].model_version"]
    assert [variant.name for variant in (await bench.local.get()).variants] == ["lr", "gb"]


async def test_a_state_that_changed_meanwhile_is_refused(bench, failing):
    answer = await apply(bench.local, *EVERYTHING)
    await apply(bench.local, a_router(sticky=False), expected_generation=answer.generation)
    failure = await failing(apply(bench.local, a_router(), expected_generation=answer.generation))
    assert failure.code is grpc.StatusCode.ABORTED
    assert not (await bench.local.get()).sticky


async def test_a_router_that_the_data_plane_refuses_is_an_error(bench, failing):
    await apply(bench.local, *EVERYTHING)
    bench.replica.refuse_router = "cancer"
    failure = await failing(apply(bench.local, a_router(status=RUNNING)))
    assert failure.code is grpc.StatusCode.INTERNAL
    assert failure.reason == "SNAPSHOT_REFUSED"
    bench.replica.refuse_router = ""
    # Here it is out of service, whatever the database knows; the same definitions bring it about.
    answer = await apply(bench.local, a_router(status=RUNNING))
    assert fields_of(answer.changes[0]) == {"status": ("stopped", "running")}
    assert (await bench.local.get()).status == RUNNING


async def test_a_router_that_is_refused_here_is_taken_out_of_service_everywhere(bench, failing):
    await apply(bench.local, *EVERYTHING)
    await apply(bench.local, a_router(status=RUNNING))
    bench.replica.refuse_router = "cancer"
    failure = await failing(apply(bench.local, a_router(status=RUNNING, sticky=False)))
    assert failure.reason == "SNAPSHOT_REFUSED"
    bench.replica.refuse_router = ""
    answer = await apply(bench.local, a_router(sticky=False, status=STOPPED))
    assert fields_of(answer.changes[0]) == {"status": ("running", "stopped")}
    again = await apply(bench.local, a_router(sticky=False, status=STOPPED))
    assert outcomes(again) == [UNCHANGED]


async def test_a_router_under_the_name_of_anothers_model_is_refused(bench, failing):
    await apply(bench.local, *EVERYTHING[:2], a_model("1", model_id="theirs"))
    failure = await failing(apply(bench.user("alice"), a_router("theirs")))
    assert failure.code is grpc.StatusCode.PERMISSION_DENIED
    assert list(failure.fields) == ["definitions[0].router.router_id"]


async def test_a_router_that_begins_to_run_while_backends_are_asked_is_looked_at_again(bench, failing):
    await apply(bench.local, *EVERYTHING)
    asked, released = threading.Event(), threading.Event()

    def wait(model):
        if model.version == "3":
            asked.set()
            assert released.wait(20)

    bench.replica.on_probe = wait
    wanted = a_router(variants=[a_variant("lr", "1", 70), a_variant("new", "3", 30)])
    applying = asyncio.create_task(failing(apply(bench.local, a_model("3"), wanted)))
    assert await asyncio.to_thread(asked.wait, 20)
    await bench.local.deploy()
    released.set()
    failure = await applying
    assert failure.code is grpc.StatusCode.ABORTED
    assert failure.reason == "CHANGED_MEANWHILE"
    assert [variant.name for variant in (await bench.local.get()).variants] == ["lr", "gb"]
    assert outcomes(await apply(bench.local, a_model("3"), wanted)) == [CREATED, CHANGED]


async def test_each_apply_leaves_one_revision_of_what_it_changed(bench):
    async def kinds():
        request = router_pb2.ListRouterRevisionsRequest(router_id="cancer")
        listed = await bench.local.routers.ListRouterRevisions(request)
        return [(one.kind, one.generation) for one in listed.revisions]

    variants = [a_variant("lr", "1", 50), a_variant("gb", "2", 50)]
    generations = []
    for wanted in (
        a_router(status=RUNNING),
        a_router(status=RUNNING),
        a_router(variants=variants),
        a_router(variants=variants, status=STOPPED),
    ):
        answer = await apply(bench.local, *EVERYTHING[:2], wanted)
        generations.append(answer.generation)
    created, same, updated, stopped = generations
    assert same == created
    assert await kinds() == [
        (router_pb2.REVISION_KIND_STOPPED, stopped),
        (router_pb2.REVISION_KIND_UPDATED, updated),
        (router_pb2.REVISION_KIND_CREATED, created),
    ]
