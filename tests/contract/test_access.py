"""Who sees routers, whose they are, and that what changes of it is so at once."""

import grpc
import pytest

from pointsman.v1 import router_pb2

from .access_scene import code_of
from .access_table import HIDDEN, OK


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
