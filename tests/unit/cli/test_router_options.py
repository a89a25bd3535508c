"""The command can set whatever can be set of a router."""

import click
import pytest

from pointsman.cli import app
from pointsman.cli.words import PARAMETERS
from pointsman.domain.routers import ROUTER_SETTINGS

NOT_BY_THE_COMMAND = {
    "create": {"default_timeout"},
    "update": {"default_timeout", "version_pinning", "answer_router_name"},
}
"""What is set in definition files and by the clients alone. Nothing is to be added here."""


@pytest.mark.parametrize("command", NOT_BY_THE_COMMAND)
def test_every_setting_of_a_router_has_an_option(command: str) -> None:
    context = app.make_context("pointsman", ["routers", command, "r"], resilient_parsing=True)
    assert isinstance(app, click.Group)
    group = app.get_command(context, "routers")
    assert isinstance(group, click.Group)
    found = group.get_command(context, command)
    assert found is not None
    options = {parameter.name for parameter in found.params}
    missing = {one.name for one in ROUTER_SETTINGS if not {one.name, PARAMETERS.get(one.name)} & options}
    assert missing == NOT_BY_THE_COMMAND[command]
