"""Each setting of a router is changed by its name, published, kept, and given back where it decides."""

import dataclasses
from enum import Enum

from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.control.convert.router_settings import published_settings
from pointsman.control.convert.routers import router_from, router_to
from pointsman.domain.routers import ROUTER_SETTINGS
from pointsman.v1 import router_pb2


def other_than(value, kind):
    """Another value of a setting."""
    if kind is bool:
        return not value
    if kind is int:
        return value + 1500
    if kind is float:
        return 0.25
    if issubclass(kind, Enum):
        # The last one: to fall back to the control needs one, which these routers lack.
        return next(word for word in reversed(kind) if word != value)
    return f"{value} too"


def settings_in(message):
    read = router_from(message)
    return {setting.name: setting.value_of(read) for setting in ROUTER_SETTINGS}


def changing(router, paths):
    """Asks to change some fields of a router, whatever its state."""
    message = router_to(router, "")
    message.ClearField("etag")
    return router_pb2.UpdateRouterRequest(router=message, update_mask=FieldMask(paths=paths))


async def test_each_setting_is_changed_by_its_name_and_no_other_with_it(bench, cancer):
    for setting in ROUTER_SETTINGS:
        stands = await cancer.get()
        before = settings_in(stands)
        wanted = {**before, setting.name: other_than(before[setting.name], setting.kind)}
        changed = dataclasses.replace(router_from(stands), **{setting.attribute: wanted[setting.name]})
        answered = await cancer.routers.UpdateRouter(changing(changed, [setting.name]))
        assert settings_in(answered) == settings_in(await cancer.get()) == wanted
        if setting.is_published:
            published = published_settings(bench.replica.routers["cancer"])
            assert published[setting.attribute] == wanted[setting.name]


async def test_a_rollback_gives_back_the_settings_that_decide_calls_and_no_others(cancer):
    before = await cancer.get()
    values = {
        one.attribute: other_than(one.value_of(router_from(before)), one.kind) for one in ROUTER_SETTINGS
    }
    changed = dataclasses.replace(router_from(before), **values)
    after = await cancer.routers.UpdateRouter(changing(changed, [one.name for one in ROUTER_SETTINGS]))
    back = await cancer.routers.RollbackRouter(
        router_pb2.RollbackRouterRequest(router_id="cancer", revision=1)
    )
    was, became = settings_in(before), settings_in(after)
    assert settings_in(back.router) == {
        one.name: was[one.name] if one.decides_calls else became[one.name] for one in ROUTER_SETTINGS
    }
