"""The command can set whatever can be set of a router, when it is made and later."""

import dataclasses
from enum import Enum
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.cli.line.words import PARAMETERS
from pointsman.control.convert.routers import router_to
from pointsman.domain.router_settings import Scalar, Setting
from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.domain.variants import Variant, VariantRole

OF_ONE = {"create": {"owner", "deploy", "validate_only"}, "update": {"etag"}}
"""What only one of the two can mean. A setting is never one of these."""


def options_of(command: str) -> dict[str, click.Option]:
    context = app.make_context("pointsman", ["routers", command, "r"], resilient_parsing=True)
    assert isinstance(app, click.Group)
    group = app.get_command(context, "routers")
    assert isinstance(group, click.Group)
    found = group.get_command(context, command)
    assert found is not None
    return {one.name: one for one in found.params if isinstance(one, click.Option) and one.name}


@pytest.mark.parametrize("command", OF_ONE)
def test_every_setting_of_a_router_has_an_option(command: str) -> None:
    options = set(options_of(command))
    missing = {one.name for one in ROUTER_SETTINGS if not {one.name, PARAMETERS.get(one.name)} & options}
    assert missing == set()


def others(setting: Setting) -> list[Scalar]:
    """Values of a setting that are not its default: every other word of an enumeration, else one."""
    if issubclass(setting.kind, Enum):
        return [word for word in setting.kind if word != setting.default]
    if isinstance(setting.default, bool):
        return [not setting.default]
    return [1500 if setting.kind is int else 0.25 if setting.kind is float else "another"]


@pytest.mark.parametrize("setting", ROUTER_SETTINGS, ids=lambda one: one.name)
def test_every_setting_of_a_router_is_shown(server: Any, setting: Setting) -> None:
    variants = (Variant("lr", "cancer", "1", 100), Variant("nn", "cancer", "2", 0, role=VariantRole.SHADOW))
    router = Router("cancer", variants)

    def shown(value: Scalar) -> str:
        changed: Any = {setting.attribute: value}
        server.on("RouterService/GetRouter", router_to(dataclasses.replace(router, **changed), ""))
        result = CliRunner().invoke(app, ["routers", "get", "cancer", "--server", server.address])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    values = [setting.default, *others(setting)]
    assert len({shown(value) for value in values}) == len(values)


def test_whatever_is_set_at_first_can_be_changed_by_the_same_option() -> None:
    create, update = options_of("create"), options_of("update")
    assert set(create) - set(update) == OF_ONE["create"]
    assert set(update) - set(create) == OF_ONE["update"]
    for name in set(create) & set(update) - {"variant"}:
        first, later = create[name], update[name]
        assert (first.opts, first.secondary_opts) == (later.opts, later.secondary_opts), name
        assert (first.help, first.metavar) == (later.help, later.metavar), name
        # A line that does not say it changes nothing.
        assert later.multiple or later.default in (None, ""), name
