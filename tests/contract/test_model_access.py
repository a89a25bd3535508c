"""Whose models are, who reads them, and who may use them in routers: the rules of routers."""

import grpc
import pytest

from pointsman.v1 import definition_pb2, model_pb2, router_pb2

from .conftest import a_router, a_variant

DENIED = grpc.StatusCode.PERMISSION_DENIED
HIDDEN = grpc.StatusCode.NOT_FOUND
INVALID = grpc.StatusCode.INVALID_ARGUMENT
GRPC = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target="127.0.0.1:8081"))


def get(model_id="cancer", version="1"):
    return model_pb2.GetModelVersionRequest(model_id=model_id, version=version)


async def permit(user, model_id="cancer", **fields):
    permissions = model_pb2.ModelPermissions(**fields)
    return await user.models.UpdateModelPermissions(
        model_pb2.UpdateModelPermissionsRequest(model_id=model_id, permissions=permissions)
    )


async def hand_over(user, owner, **fields):
    return await user.models.UpdateModelPermissions(
        model_pb2.UpdateModelPermissionsRequest(model_id="cancer", owner=owner, **fields)
    )


@pytest.fixture
async def ann(bench):
    """The owner of a model with two versions, which nobody else may read or call."""
    ann = bench.user("ann")
    for version in ("1", "2"):
        await ann.register(version=version)
    return ann


class TestPermissions:
    """They are the model's, and every version shows them."""

    async def test_a_new_model_is_its_owners_alone(self, bench, ann, failing):
        shown = await ann.models.GetModelVersion(get())
        assert (shown.owner, shown.permissions) == ("ann", model_pb2.ModelPermissions())
        published = bench.replica.models["cancer", "1"]
        assert published.HasField("permissions"), "what is not stated would be open"
        assert published.permissions == model_pb2.ModelPermissions()
        assert (await failing(bench.user("bob").models.GetModelVersion(get()))).code is HIDDEN

    async def test_a_change_is_of_all_versions_and_in_force_at_once(self, bench, ann):
        answer = await permit(ann, public_predict=True, shared_user_ids=["bob"])
        assert (answer.model_id, answer.owner) == ("cancer", "ann")
        for version in ("1", "2"):
            shown = await bench.user("bob").models.GetModelVersion(get(version=version))
            assert (shown.permissions, shown.etag) == (answer.permissions, answer.etag)
            assert bench.replica.models["cancer", version].permissions == answer.permissions
        await permit(ann)
        assert bench.replica.models["cancer", "1"].permissions == model_pb2.ModelPermissions()

    async def test_a_hidden_model_looks_like_none(self, bench, ann, failing):
        bob = bench.user("bob")
        hidden = await failing(bob.models.GetModelVersion(get()))
        missing = await failing(bob.models.GetModelVersion(get("other")))
        assert hidden.message.replace("cancer", "other") == missing.message
        assert hidden.reason == missing.reason
        hidden, missing = await failing(permit(bob)), await failing(permit(bob, "other"))
        assert hidden.message.replace("cancer", "other") == missing.message
        assert (hidden.code, hidden.reason) == (HIDDEN, "MODEL_NOT_FOUND")

    async def test_lists_leave_out_what_is_hidden_and_pages_stay_full(self, bench, ann):
        bob = bench.user("bob")
        for model_id in ("aa", "bb", "cc", "dd"):
            await ann.register(model_id)
        await bob.register("bobs")
        await permit(ann, "bb", public=True)
        await permit(ann, "cc", public_predict=True)
        await permit(ann, "dd", shared_user_ids=["bob"])

        async def seen(user, **fields):
            answer = await user.models.ListModelVersions(model_pb2.ListModelVersionsRequest(**fields))
            return [model.model_id for model in answer.model_versions], answer.next_page_token

        assert (await seen(bob))[0] == ["bb", "bobs", "dd"]
        first, token = await seen(bob, page_size=2)
        second, end = await seen(bob, page_size=2, page_token=token)
        assert (first, second, end) == (["bb", "bobs"], ["dd"], "")
        assert (await seen(bob, model_id="aa"))[0] == []
        assert len((await seen(bench.local))[0]) == 7

    async def test_an_old_state_is_not_changed(self, ann, failing):
        old = (await ann.models.GetModelVersion(get())).etag
        await permit(ann, public=True)
        request = model_pb2.UpdateModelPermissionsRequest(
            model_id="cancer", permissions=model_pb2.ModelPermissions(), etag=old
        )
        failure = await failing(ann.models.UpdateModelPermissions(request))
        assert failure.code is grpc.StatusCode.ABORTED
        request.etag = failure.metadata["etag"]
        assert not (await ann.models.UpdateModelPermissions(request)).permissions.public

    async def test_validate_only_changes_nothing(self, ann):
        request = model_pb2.UpdateModelPermissionsRequest(
            model_id="cancer", permissions=model_pb2.ModelPermissions(public=True), validate_only=True
        )
        assert (await ann.models.UpdateModelPermissions(request)).permissions.public
        assert not (await ann.models.GetModelVersion(get())).permissions.public

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({}, "permissions"),
            ({"owner": "no user"}, "owner"),
            ({"permissions": {"shared_user_ids": ["bob", "bob"]}}, "permissions.shared_user_ids[1]"),
            ({"permissions": {"shared_user_ids": [""]}}, "permissions.shared_user_ids[0]"),
        ],
    )
    async def test_what_cannot_be_is_refused_by_its_field(self, ann, failing, fields, path):
        request = model_pb2.UpdateModelPermissionsRequest(model_id="cancer", **fields)
        failure = await failing(ann.models.UpdateModelPermissions(request))
        assert (failure.code, list(failure.fields)) == (INVALID, [path])


class TestOwners:
    """A model is its owner's to hand over; only admins make models for others."""

    async def test_a_model_that_is_handed_over_is_the_new_owners_with_all_versions(self, bench, ann, failing):
        await permit(ann, shared_user_ids=["carol"])
        answer = await hand_over(ann, "bob")
        assert (answer.owner, list(answer.permissions.shared_user_ids)) == ("bob", ["carol"])
        bob = bench.user("bob")
        await bob.register(version="3")
        assert {model.owner for model in bench.replica.models.values()} == {"bob"}
        assert (await failing(ann.register(version="4"))).code is DENIED
        assert (await failing(ann.models.GetModelVersion(get()))).code is HIDDEN

    async def test_only_its_owner_and_admins_hand_it_over(self, bench, ann, failing):
        await permit(ann, public=True)
        assert (await failing(hand_over(bench.user("bob"), "bob"))).reason == "NOT_MODEL_OWNER"
        assert (await hand_over(bench.user("ops", admin=True), "bob")).owner == "bob"

    async def test_only_admins_register_models_for_others(self, bench, ann, failing):
        ops = bench.user("ops", admin=True)
        assert (await ops.register("bobs", owner="bob")).owner == "bob"
        assert (await bench.user("bob").register("bobs-own", owner="bob")).owner == "bob"
        failure = await failing(bench.user("bob").register("carols", owner="carol"))
        assert (failure.code, failure.reason) == (DENIED, "NOT_ADMIN")

    async def test_a_version_that_an_admin_registers_is_the_models_owners(self, bench, ann):
        assert (await bench.user("ops", admin=True).register(version="3")).owner == "ann"

    async def test_a_version_does_not_change_owner_and_permissions_of_its_model(self, ann, failing):
        opened = model_pb2.ModelPermissions(public=True)
        for fields in ({"permissions": opened}, {"owner": "bob"}):
            failure = await failing(ann.register(version="3", **fields))
            assert failure.reason == "MODEL_PERMISSIONS_DIFFER"
            assert list(failure.fields) == [f"model_version.{next(iter(fields))}"]
        same = await ann.register(version="3", owner="ann", permissions=model_pb2.ModelPermissions())
        assert same.owner == "ann"

    async def test_who_may_not_read_a_model_learns_of_its_id_that_it_is_taken_and_no_more(
        self, bench, ann, failing
    ):
        for call in (bench.user("bob").register(version="9"), bench.user("bob").create("cancer")):
            failure = await failing(call)
            assert (failure.code, failure.reason) == (DENIED, "NOT_MODEL_OWNER")
            assert "ann" not in failure.message

    async def test_an_id_without_versions_is_free_and_begins_anew(self, bench, ann, failing):
        await permit(ann, public=True, public_predict=True, shared_user_ids=["bob"])
        for version in ("1", "2"):
            await ann.models.DeleteModelVersion(
                model_pb2.DeleteModelVersionRequest(model_id="cancer", version=version)
            )
        again = await bench.user("carol").register()
        assert (again.owner, again.permissions) == ("carol", model_pb2.ModelPermissions())
        assert (await failing(bench.user("bob").models.GetModelVersion(get()))).code is HIDDEN


class TestVariants:
    """A router begins to use what its changer may call, and goes on with what it has."""

    @pytest.fixture
    async def bob(self, bench, ann):
        """Somebody who may use the model, and does so in a router in service; then it is closed."""
        bob = bench.user("bob")
        await permit(ann, public_predict=True)
        await bob.create("bobs")
        await bob.deploy("bobs")
        await permit(ann)
        return bob

    async def test_a_new_router_takes_what_its_creator_may_call(self, bench, ann, failing):
        bob = bench.user("bob")
        missing = a_router("mine", variants=[a_variant("lr", "9", 70), a_variant("gb", "8", 30)])
        request = router_pb2.CreateRouterRequest(router=missing)
        failures = [await failing(bob.create("mine")), await failing(bob.routers.CreateRouter(request))]
        assert [failure.code for failure in failures] == [HIDDEN, HIDDEN]
        assert failures[0].message.replace("/1", "/9") == failures[1].message
        await permit(ann, public=True)
        failure = await failing(bob.create("mine"))
        assert (failure.code, failure.reason) == (DENIED, "NOT_MODEL_OWNER")
        assert list(failure.fields) == ["router.variants[0].model_version"]
        await permit(ann, public_predict=True)
        await bob.create("mine")

    async def test_a_router_goes_on_with_what_it_serves(self, bench, bob):
        assert bench.replica.routers["bobs"].status == router_pb2.ROUTER_STATUS_RUNNING
        weight = router_pb2.UpdateVariantWeightRequest(router_id="bobs", variant="lr", weight=5)
        await bob.routers.UpdateVariantWeight(weight)
        variants = [a_variant("lr", "1", 60), a_variant("gb", "2", 40)]
        update = router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="bobs", variants=variants))
        await bob.routers.UpdateRouter(update)

    async def test_a_router_begins_to_use_nothing_that_is_closed(self, bench, ann, bob, failing):
        await ann.register(version="3")
        variants = [a_variant("lr", "1", 60), a_variant("gb", "2", 40), a_variant("new", "3", 1)]
        update = router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="bobs", variants=variants))
        bench.replica.probed.clear()
        failure = await failing(bob.routers.UpdateRouter(update))
        assert (failure.code, list(failure.fields)) == (HIDDEN, ["router.variants[2].model_version"])
        assert bench.replica.probed == [], "its backend is asked nothing"

    async def test_a_deployment_asks_again(self, bob, failing):
        await bob.routers.StopRouter(router_pb2.StopRouterRequest(router_id="bobs"))
        start = router_pb2.StartRouterRequest(router_id="bobs")
        assert (await failing(bob.routers.StartRouter(start))).code is HIDDEN

    async def test_a_disabled_variant_of_a_closed_model_stays_so(self, bench, ann, failing):
        bob = bench.user("bob")
        await permit(ann, public_predict=True)
        variants = [
            a_variant("lr", "1", 60),
            a_variant("gb", "2", 40),
            a_variant("off", "1", 1, enabled=False),
        ]
        await ann.register("other")
        await permit(ann, "other", public_predict=True)
        variants[2].model_id = "other"
        await bob.create("bobs", variants=variants)
        await bob.deploy("bobs")
        await permit(ann, "other")
        toggle = router_pb2.ToggleVariantRequest(router_id="bobs", variant="off", enabled=True)
        assert (await failing(bob.routers.ToggleVariant(toggle))).code is HIDDEN
        await permit(ann, "other", public_predict=True)
        await bob.routers.ToggleVariant(toggle)

    async def test_a_rollback_begins_to_use_nothing_that_is_closed(self, bench, ann, failing):
        bob = bench.user("bob")
        for version in ("1", "2"):
            await bob.register("bobs-own", version)
        await permit(ann, public_predict=True)
        await bob.create("bobs")
        own = [a_variant("lr", "1", 60, model_id="bobs-own"), a_variant("gb", "2", 40, model_id="bobs-own")]
        update = router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="bobs", variants=own))
        await bob.routers.UpdateRouter(update)
        await permit(ann)
        back = router_pb2.RollbackRouterRequest(router_id="bobs", revision=1)
        assert (await failing(bob.routers.RollbackRouter(back))).reason == "MODEL_VERSION_GONE"
        await permit(ann, public_predict=True)
        await bob.routers.RollbackRouter(back)

    async def test_an_admin_may_use_any_model_in_anybodys_router(self, bench, ann):
        await bench.user("ops", admin=True).create("for-bob", owner="bob")


class TestDefinitions:
    """Documents of versions may state their model's permissions."""

    @staticmethod
    async def apply(user, *definitions):
        request = definition_pb2.ApplyDefinitionsRequest(definitions=definitions)
        return await user.definitions.ApplyDefinitions(request)

    @staticmethod
    def a_model(version="1", model_id="cancer", **fields):
        model = model_pb2.ModelVersion(model_id=model_id, version=version, backend=GRPC, **fields)
        return definition_pb2.Definition(model=model)

    async def test_what_is_stated_is_the_models_and_what_is_not_stays(self, ann):
        opened = model_pb2.ModelPermissions(public=True, shared_user_ids=["bob"])
        changed = await self.apply(ann, self.a_model("1", permissions=opened), self.a_model("2"))
        assert [field.field for field in changed.changes[0].fields] == [
            "permissions.public",
            "permissions.shared_user_ids",
        ]
        assert (await ann.models.GetModelVersion(get(version="2"))).permissions == opened
        await self.apply(ann, self.a_model("1"), self.a_model("3"))
        assert (await ann.models.GetModelVersion(get(version="3"))).permissions == opened
        await self.apply(ann, self.a_model("1", permissions=model_pb2.ModelPermissions()))
        assert (await ann.models.GetModelVersion(get())).permissions == model_pb2.ModelPermissions()

    async def test_a_new_model_has_what_its_document_states(self, bench, ann):
        opened = model_pb2.ModelPermissions(public_predict=True)
        stage = model_pb2.STAGE_PRODUCTION
        definition = self.a_model(model_id="new", permissions=opened, stage=stage)
        await self.apply(ann, definition)
        assert bench.replica.models["new", "1"].permissions == opened
        again = await self.apply(ann, definition)
        assert [change.outcome for change in again.changes] == [definition_pb2.DEFINITION_OUTCOME_UNCHANGED]

    async def test_versions_that_state_different_ones_are_refused(self, ann, failing):
        closed, opened = model_pb2.ModelPermissions(), model_pb2.ModelPermissions(public=True)
        failure = await failing(
            self.apply(ann, self.a_model("1", permissions=closed), self.a_model("2", permissions=opened))
        )
        assert (failure.code, list(failure.fields)) == (INVALID, ["definitions[1].model.permissions"])

    async def test_somebody_elses_model_is_neither_described_nor_opened(self, bench, ann, failing):
        opened = model_pb2.ModelPermissions(public=True)
        failure = await failing(self.apply(bench.user("bob"), self.a_model(permissions=opened)))
        assert (failure.code, failure.reason) == (DENIED, "NOT_MODEL_OWNER")
        assert "ann" not in failure.message

    async def test_routers_use_what_their_applier_may_call(self, bench, ann, failing):
        bob = bench.user("bob")
        definition = definition_pb2.Definition(
            router=a_router("bobs", status=router_pb2.ROUTER_STATUS_RUNNING)
        )
        bench.replica.probed.clear()
        failure = await failing(self.apply(bob, definition))
        assert failure.code is HIDDEN
        assert bench.replica.probed == []
        await permit(ann, public_predict=True)
        await self.apply(bob, definition)
        await permit(ann)
        definition.router.description = "goes on"
        await self.apply(bob, definition)
        await bob.routers.StopRouter(router_pb2.StopRouterRequest(router_id="bobs"))
        failure = await failing(self.apply(bob, definition))
        assert (failure.code, list(failure.fields)) == (
            HIDDEN,
            ["definitions[0].router.variants[0].model_version"],
        )
