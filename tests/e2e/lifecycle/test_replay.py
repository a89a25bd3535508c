"""Calls over a real server are explained and decided again, and what was tampered with shows."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import prediction_pb2, router_pb2, snapshot_pb2
from stage.control import Control, grpc_backend
from stage.oip import infer, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

WEIGHTS = (50, 80, 10)
CALLS = 40
"""Of each router between two changes, every second for an entity."""
AGREES = prediction_pb2.REPLAY_VERDICT_AGREES
DISAGREES = prediction_pb2.REPLAY_VERDICT_DISAGREES


@pytest.fixture(scope="module")
def control(server: Server, backend: RecordingBackend) -> Iterator[Control]:
    """Routers that were called and reweighted in turn: sticky, by request, and with hashed entities."""
    control = Control(server.grpc)
    targets = {"a": backend.target, "b": backend.target}
    hashed = router_pb2.Recording(entity=router_pb2.ENTITY_RECORDING_HMAC)
    control.route("sticky", targets, sticky=True)
    control.route("drawn", targets, sticky=False)
    control.route("hashed", targets, sticky=True, recording=hashed)
    with grpc.insecure_channel(server.grpc) as channel:
        for weight in WEIGHTS:
            for router_id in ("sticky", "drawn", "hashed"):
                control.routers.UpdateVariantWeight(
                    router_pb2.UpdateVariantWeightRequest(router_id=router_id, variant="a", weight=weight)
                )
                call(channel, router_id)
        infer(channel, infer_request("sticky", model_version="b"))
    yield control
    control.close()


def call(channel: grpc.Channel, router_id: str) -> None:
    for number in range(CALLS):
        entity = (("pointsman-entity-id", f"e{number}"),) if number % 2 else ()
        infer(channel, infer_request(router_id), metadata=entity)


def records(control: Control, router_id: str) -> list[Any]:
    request = router_pb2.ListPredictionsRequest(router_id=router_id, page_size=1000)
    return list(control.routers.ListPredictions(request).predictions)


def explained(control: Control, prediction_id: str) -> Any:
    request = router_pb2.ExplainPredictionRequest(prediction_id=prediction_id)
    return control.routers.ExplainPrediction(request)


def replayed(control: Control, router_id: str) -> Counter[str]:
    """How many calls came out each way."""
    answer = control.routers.ReplayPredictions(router_pb2.ReplayPredictionsRequest(router_id=router_id))
    assert answer.next_page_token == ""
    counts: Counter[str] = Counter()
    for count in answer.counts:
        verdict = prediction_pb2.ReplayVerdict.Name(count.verdict).removeprefix("REPLAY_VERDICT_")
        why = prediction_pb2.NotReplayable.Name(count.not_replayable).removeprefix("NOT_REPLAYABLE_")
        counts[verdict if why == "UNSPECIFIED" else why] += count.call_count
    return counts


def run(server: Server, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--server", server.grpc])


@pytest.mark.parametrize("router_id", ["sticky", "drawn"])
def test_every_call_is_explained_by_the_revision_that_decided_it(control: Control, router_id: str) -> None:
    made = [
        record
        for record in records(control, router_id)
        if record.reason != prediction_pb2.DECISION_REASON_PIN
    ]
    assert len(made) == len(WEIGHTS) * CALLS
    revisions = set()
    for record in made:
        found = explained(control, record.prediction_id)
        assert found.redecision.verdict == AGREES, found
        assert found.revision.revision == record.router_revision
        revisions.add(found.revision.revision)
        for field in ("variant", "propensity", "reason", "randomised_by", "draw", "slot"):
            assert getattr(found.redecision, field) == getattr(record, field), field
        assert list(found.redecision.eligible_variants) == list(record.eligible_variants)
    assert len(revisions) == len(WEIGHTS)


def test_a_window_is_decided_again_as_its_calls_are_one_by_one(control: Control) -> None:
    assert replayed(control, "sticky") == {"AGREES": len(WEIGHTS) * CALLS, "PINNED": 1}
    assert replayed(control, "drawn") == {"AGREES": len(WEIGHTS) * CALLS}
    half = len(WEIGHTS) * CALLS // 2
    assert replayed(control, "hashed") == {"AGREES": half, "ENTITY_HASHED": half}


def test_what_is_not_kept_is_told_for_a_call_too(control: Control, server: Server) -> None:
    pinned = next(
        record for record in records(control, "sticky") if record.reason == prediction_pb2.DECISION_REASON_PIN
    )
    assert (
        explained(control, pinned.prediction_id).redecision.not_replayable
        == prediction_pb2.NOT_REPLAYABLE_PINNED
    )
    hashed = next(record for record in records(control, "hashed") if record.entity_id)
    result = run(server, "explain", hashed.prediction_id)
    assert result.exit_code == 0, result.stderr
    assert "not replayable: the entity is recorded as a hash" in result.stdout


def test_the_command_tells_people_and_programs(control: Control, server: Server) -> None:
    record = next(record for record in records(control, "sticky") if record.entity_id)
    shown = run(server, "explain", record.prediction_id)
    assert shown.exit_code == 0, shown.stderr
    for part in ("reweighted, a ", f"{record.slot}", "agrees: the same decision", "DECIDED AGAIN", "sticky"):
        assert part in shown.stdout
    facts = json.loads(run(server, "explain", record.prediction_id, "-o", "json").stdout)
    assert (facts["redecision"]["verdict"], facts["record"]["variant"]) == ("agrees", record.variant)
    window = run(server, "replay", "--router", "hashed", "--since", "1h")
    assert window.exit_code == 0, window.stderr
    lines = [line.split()[:3] for line in window.stdout.splitlines()]
    assert ["agree", "60"] in lines
    assert ["not", "replayable", "60"] in lines
    none = run(server, "replay", "--router", "sticky", "--until", "2020-01-01T00:00:00Z")
    assert (none.exit_code, none.stderr.strip()) == (
        0,
        "sticky has recorded no predictions in this time.",
    )


def test_a_call_that_another_variant_answered_is_explained_by_the_one_that_stood_back(
    control: Control, server: Server, backend: RecordingBackend
) -> None:
    dying = RecordingBackend()
    for name, target in (("old", backend.target), ("new", dying.target)):
        control.register("standing", name, grpc_backend(target, "m"))
    variants = [
        router_pb2.Variant(
            name="old",
            model_id="standing",
            model_version="old",
            weight=50,
            role=router_pb2.VARIANT_ROLE_CONTROL,
        ),
        router_pb2.Variant(name="new", model_id="standing", model_version="new", weight=50),
    ]
    router = router_pb2.Router(
        router_id="standing",
        strategy=router_pb2.STRATEGY_WEIGHTED,
        variants=variants,
        fallback=router_pb2.FALLBACK_CONTROL,
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy("standing")
    with grpc.insecure_channel(server.grpc) as channel:
        call(channel, "standing")
    dying.close()
    down = f'pointsman_backend_up{{backend="{dying.target}"}} 0'
    eventually(lambda: down in server.get("/metrics")[1], 30.0, "the loss shows")
    with grpc.insecure_channel(server.grpc) as channel:
        answers = [receipt(infer(channel, infer_request("standing"))) for _ in range(40)]
    diverted = next(answer for answer in answers if answer["reason"] == "fallback")
    found = explained(control, diverted["prediction_id"])
    assert found.redecision.verdict == AGREES
    assert (found.record.variant, found.record.decided_variant, found.redecision.variant) == (
        "old",
        "new",
        "new",
    )
    assert replayed(control, "standing") == {"AGREES": 40 + CALLS}


def test_calls_of_an_override_agree_with_it(
    control: Control, server: Server, backend: RecordingBackend
) -> None:
    control.route("braked", {"a": backend.target, "b": backend.target})
    request = router_pb2.SetTrafficOverrideRequest(
        router_id="braked", variant="b", reason="a answers nonsense"
    )
    request.ttl.FromSeconds(600)
    control.routers.SetTrafficOverride(request)
    with grpc.insecure_channel(server.grpc) as channel:
        call(channel, "braked")
    assert {record.variant for record in records(control, "braked")} == {"b"}
    assert replayed(control, "braked") == {"AGREES": CALLS}


def test_what_is_changed_in_the_database_does_not_agree(
    control: Control, server: Server, backend: RecordingBackend
) -> None:
    control.route("tampered", {"a": backend.target, "b": backend.target}, sticky=False)
    with grpc.insecure_channel(server.grpc) as channel:
        call(channel, "tampered")
    record = records(control, "tampered")[0]
    assert explained(control, record.prediction_id).redecision.verdict == AGREES
    tamper(server, "tampered")
    found = explained(control, record.prediction_id)
    assert found.redecision.verdict == DISAGREES
    assert "propensity" in {one.field for one in found.redecision.differences}
    shown = run(server, "explain", record.prediction_id)
    assert shown.exit_code == 1
    assert "DISAGREES" in shown.stdout
    assert "does not agree with its record" in shown.stderr
    window = run(server, "replay", "--router", "tampered")
    assert window.exit_code == 1
    assert f"{CALLS} of {CALLS} decisions differ from their records" in window.stderr


def tamper(server: Server, router_id: str) -> None:
    """Changes the weights in every revision of a router, behind the server's back."""
    database = sqlite3.connect(next(server.data_dir.glob("*.db")), timeout=30)
    with database:
        rows = database.execute(
            "SELECT revisions.router_key, number, snapshot FROM router_revisions AS revisions "
            "JOIN routers ON routers.row_key = revisions.router_key WHERE router_id = ?",
            (router_id,),
        ).fetchall()
        assert rows
        for router_key, number, kept in rows:
            snapshot = snapshot_pb2.RouterSnapshot.FromString(kept)
            snapshot.variants[0].weight = 90
            database.execute(
                "UPDATE router_revisions SET snapshot = ? WHERE router_key = ? AND number = ?",
                (snapshot.SerializeToString(), router_key, number),
            )
    database.close()
