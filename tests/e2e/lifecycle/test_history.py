"""A router's history over a real server: records name the table that decided them, and it can come back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman.dataplane.replay import decide_again
from pointsman.v1 import router_pb2, snapshot_pb2
from stage.control import Control
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

WEIGHTS = (50, 10, 90, 33.3, 70, 1, 99, 45, 20, 60)
CALLS = 40
"""Calls between two changes, each of another entity."""


@pytest.fixture(scope="module")
def control(server: Server, backend: RecordingBackend) -> Iterator[Control]:
    """A router that was made, deployed and reweighted ten times, with calls in between."""
    control = Control(server.grpc)
    control.route("r", {"a": backend.target, "b": backend.target})
    call(server, 0)
    for number, weight in enumerate(WEIGHTS, 1):
        request = router_pb2.UpdateVariantWeightRequest(router_id="r", variant="a", weight=weight)
        control.routers.UpdateVariantWeight(request)
        call(server, number)
    yield control
    control.close()


def call(server: Server, round_number: int) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        for number in range(CALLS):
            entity = (("pointsman-entity-id", f"e{round_number}-{number}"),)
            infer(channel, infer_request("r"), metadata=entity)


def records(control: Control) -> list[Any]:
    request = router_pb2.ListPredictionsRequest(router_id="r", page_size=1000)
    return list(control.routers.ListPredictions(request).predictions)


def revision(control: Control, number: int) -> Any:
    return control.routers.GetRouterRevision(
        router_pb2.GetRouterRevisionRequest(router_id="r", revision=number)
    )


def decided_by(found: Any, entities: list[str]) -> dict[str, str]:
    """Decides again with the server's own code, from a revision and nothing else."""
    router = snapshot_pb2.RouterSnapshot(
        router_id="r",
        strategy=found.definition.strategy,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        sticky=found.definition.sticky,
        variants=found.variants,
        salt=found.salt,
        slot_runs=found.slot_runs,
    )
    state = snapshot_pb2.SnapshotUpdate(generation=1, complete=True, changed_routers=[router])
    for variant in found.variants:
        model = state.changed_models.add(model_id=variant.model_id, version=variant.model_version)
        model.backend.grpc.target = "127.0.0.1:1"
    return decide_again(state, "r", entities)


def test_every_revision_is_there_and_says_what_was_done(control: Control) -> None:
    answer = control.routers.ListRouterRevisions(router_pb2.ListRouterRevisionsRequest(router_id="r"))
    found = list(reversed(answer.revisions))
    assert [one.revision for one in found] == list(range(1, 3 + len(WEIGHTS)))
    assert [one.kind for one in found] == [
        router_pb2.REVISION_KIND_CREATED,
        router_pb2.REVISION_KIND_DEPLOYED,
        *[router_pb2.REVISION_KIND_REWEIGHTED] * len(WEIGHTS),
    ]
    assert [one.variants[0].weight for one in found] == [50, 50, *WEIGHTS]
    assert found[3].summary == "a 50 → 10"


def test_each_record_names_the_table_that_decided_it(control: Control) -> None:
    made = records(control)
    assert len(made) == (1 + len(WEIGHTS)) * CALLS
    for round_number in range(1 + len(WEIGHTS)):
        of_round = [record for record in made if record.entity_id.startswith(f"e{round_number}-")]
        assert {record.router_revision for record in of_round} == {2 + round_number}
        found = revision(control, 2 + round_number)
        decided = decided_by(found, [record.entity_id for record in of_round])
        assert [decided[record.entity_id] for record in of_round] == [record.variant for record in of_round]
        shares = {variant.name: variant.effective_share for variant in found.variants}
        for record in of_round:
            assert record.propensity == pytest.approx(shares[record.variant])


def test_going_back_to_the_third_gives_its_table_back(control: Control, server: Server) -> None:
    third = revision(control, 3)
    answer = control.routers.RollbackRouter(router_pb2.RollbackRouterRequest(router_id="r", revision=3))
    now = revision(control, answer.revision)
    assert (list(now.slot_runs), now.salt) == (list(third.slot_runs), third.salt)
    assert list(now.variants) == list(third.variants)
    entities = [f"e99-{number}" for number in range(CALLS)]
    call(server, 99)
    then = decided_by(third, entities)
    after = [record for record in records(control) if record.entity_id.startswith("e99-")]
    assert {record.entity_id: record.variant for record in after} == then
    assert {record.router_revision for record in after} == {answer.revision}


def test_the_history_outlives_a_restart(tmp_path: Path, backend: RecordingBackend) -> None:
    first = Server(tmp_path)
    control = Control(first.grpc)
    control.route("r", {"a": backend.target, "b": backend.target})
    call(first, 0)
    control.close()
    first.end()
    second = Server(tmp_path)
    control = Control(second.grpc)
    assert {record.router_revision for record in records(control)} == {2}
    found = control.routers.ListRouterRevisions(router_pb2.ListRouterRevisionsRequest(router_id="r"))
    assert [one.revision for one in found.revisions] == [2, 1]
    control.close()
    second.end()
