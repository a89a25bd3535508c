"""The command can set whatever can be set of a router, when it is made and later."""

import click
import pytest

from pointsman.cli import app
from pointsman.cli.line.words import PARAMETERS
from pointsman.domain.routers import ROUTER_SETTINGS

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
