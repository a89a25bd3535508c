"""`routers create` and `routers update` send what the line says, and keep what it does not say."""

from typing import Any

import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import router_pb2


def run(server: Any, line: str) -> Result:
    return CliRunner().invoke(app, [*line.split(), "--server", server.address])


@pytest.fixture
def routers(server: Any) -> Any:
    """A server with a router whose variants have weights 70 and 30, of which the second is off."""
    lr = router_pb2.Variant(name="lr", model_id="cancer", model_version="1", weight=70, enabled=True)
    gb = router_pb2.Variant(name="gb", model_id="cancer", model_version="2", weight=30, enabled=False)
    gb.role = router_pb2.VARIANT_ROLE_CONTROL
    router = router_pb2.Router(router_id="cancer", variants=[lr, gb], etag="e1")
    for method in ("GetRouter", "CreateRouter", "UpdateRouter"):
        server.on(f"RouterService/{method}", router)
    return server


def updated(server: Any, line: str) -> Any:
    result = run(server, f"routers update cancer {line}")
    assert result.exit_code == 0, result.stderr
    (request,) = server.asked("RouterService/UpdateRouter")
    return request


def test_a_variant_without_a_weight_keeps_the_one_that_it_has(routers: Any) -> None:
    request = updated(routers, "--variant lr=cancer:3 --variant gb=cancer:2@40")
    found = [(one.name, one.model_version, one.weight) for one in request.router.variants]
    assert found == [("lr", "3", 70), ("gb", "2", 40)]
    assert list(request.update_mask.paths) == ["variants"]


def test_a_new_variant_without_a_weight_has_100(routers: Any) -> None:
    request = updated(routers, "--variant lr=cancer:1 --variant nn=cancer:4")
    assert [(one.name, one.weight) for one in request.router.variants] == [("lr", 70), ("nn", 100)]


def test_a_variant_that_is_off_stays_off_and_keeps_its_role(routers: Any) -> None:
    request = updated(routers, "--variant lr=cancer:1 --variant gb=cancer:9")
    found = [(one.enabled, one.role) for one in request.router.variants]
    assert found[1] == (False, router_pb2.VARIANT_ROLE_CONTROL)
    assert found[0][0] is True


def test_variants_are_kept_of_the_router_as_it_was_read(routers: Any) -> None:
    assert updated(routers, "--variant lr=cancer:1 --variant gb=cancer:2").router.etag == "e1"


def test_the_help_says_what_happens_to_weights() -> None:
    told = " ".join(CliRunner().invoke(app, ["routers", "update", "--help"]).stdout.split())
    assert "without @WEIGHT a variant keeps the weight that it has, and a new one has 100" in told


def test_a_variant_of_another_form_asks_nobody(routers: Any) -> None:
    assert run(routers, "routers update cancer --variant lr").exit_code == 2
    assert routers.requests == []


SETTINGS = "--ignore-version --answer-router-name --default-timeout 1500ms --allow-single --not-sticky"


def test_settings_are_set_at_first(routers: Any) -> None:
    result = run(routers, f"routers create cancer --variant lr=cancer:1 {SETTINGS}")
    assert result.exit_code == 0, result.stderr
    (request,) = routers.asked("RouterService/CreateRouter")
    router = request.router
    assert router.version_pinning == router_pb2.VERSION_PINNING_IGNORE
    assert (router.answer_router_name, router.allow_single, router.sticky) == (True, True, False)
    assert router.default_timeout.ToMilliseconds() == 1500


def test_the_same_settings_are_changed_later_and_nothing_else_is(routers: Any) -> None:
    request = updated(routers, SETTINGS)
    assert sorted(request.update_mask.paths) == [
        *("allow_single", "answer_router_name", "default_timeout", "sticky", "version_pinning")
    ]
    assert request.router.default_timeout.ToMilliseconds() == 1500


def test_settings_are_taken_back(routers: Any) -> None:
    request = updated(routers, "--allow-version --answer-model-name --default-timeout 0s")
    assert sorted(request.update_mask.paths) == ["answer_router_name", "default_timeout", "version_pinning"]
    assert request.router.version_pinning == router_pb2.VERSION_PINNING_ALLOW
    assert not request.router.answer_router_name
    assert request.router.default_timeout.ToMilliseconds() == 0


def test_a_router_that_is_made_without_settings_has_the_defaults(routers: Any) -> None:
    assert run(routers, "routers create cancer --variant lr=cancer:1 --variant gb=cancer:2").exit_code == 0
    (request,) = routers.asked("RouterService/CreateRouter")
    assert (request.router.HasField("sticky"), request.router.record_predictions) == (False, True)
    assert [one.weight for one in request.router.variants] == [100, 100]
