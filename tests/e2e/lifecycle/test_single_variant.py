"""A router with one variant over a real server: every call goes there with certainty, and figures say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.v1 import router_pb2
from stage.control import Control
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CALLS = 30


@pytest.fixture(scope="module")
def control(server: Server) -> Iterator[Control]:
    """Two routers with one variant each, called with and without an entity."""
    backend = RecordingBackend()
    control = Control(server.grpc)
    for router_id, sticky in (("sticky", True), ("drawn", False)):
        control.route(router_id, {"only": backend.target}, allow_single=True, sticky=sticky)
        with grpc.insecure_channel(server.grpc) as channel:
            for number in range(CALLS):
                entity = (("pointsman-entity-id", f"e{number}"),) if number % 2 else ()
                infer(channel, infer_request(router_id), metadata=entity)
    yield control
    control.close()
    backend.close()


@pytest.mark.parametrize("router_id", ["sticky", "drawn"])
def test_every_call_goes_to_the_one_variant_with_certainty(control: Control, router_id: str) -> None:
    request = router_pb2.ListPredictionsRequest(router_id=router_id, page_size=1000)
    made = list(control.routers.ListPredictions(request).predictions)
    assert [(one.variant, one.propensity) for one in made] == [("only", 1)] * CALLS


@pytest.mark.parametrize("router_id", ["sticky", "drawn"])
def test_figures_of_one_variant_are_there_without_a_verdict_on_the_split(
    control: Control, router_id: str
) -> None:
    live = control.metrics(router_id)
    window = router_pb2.GetRouterMetricsRequest(router_id=router_id)
    window.start_time.FromSeconds(1)
    for figures in (live, control.routers.GetRouterMetrics(window)):
        [only] = figures.variants
        assert (only.request_count, only.effective_share, only.served_share) == (CALLS, 1, 1)
        assert not figures.HasField("sample_ratio_p_value")


def test_the_tables_print_and_say_that_there_is_nothing_to_compare(control: Control, server: Server) -> None:
    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(app, [*arguments, "--server", server.grpc])
        assert result.exit_code == 0, result.output
        return result

    assert "only 100%" in run("routers", "list").stdout
    assert "allowed" in run("routers", "get", "sticky").stdout
    for window in ((), ("--since", "1h"), ("--since", "1h", "--step", "30m")):
        figures = run("routers", "metrics", "drawn", *window)
        assert "only takes every call; there is nothing to compare it with" in figures.stderr


def test_a_reweighting_and_a_restart_change_nothing_of_it(tmp_path: Path) -> None:
    backend = RecordingBackend()
    first = Server(tmp_path)
    control = Control(first.grpc)
    control.route("r", {"only": backend.target}, allow_single=True)
    request = router_pb2.UpdateVariantWeightRequest(router_id="r", variant="only", weight=0.5)
    assert control.routers.UpdateVariantWeight(request).moved_slots == 0
    control.close()
    first.end()
    second = Server(tmp_path)
    control = Control(second.grpc)
    assert control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r")).allow_single
    with grpc.insecure_channel(second.grpc) as channel:
        infer(channel, infer_request("r"))
    control.close()
    second.end()
    backend.close()
