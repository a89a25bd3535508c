"""An erased entity is in no file of the data folder, and no feedback is taken for its predictions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.file_contents import holding
from stage.oip import infer, infer_request, receipt
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BOUND_SECONDS = 150.0
"""What is said: a minute until a segment is complete, one until SQLite's log is emptied; with room."""
ENTITY = "Wilhelmina-of-Orange-4711"
OTHER = "somebody-else-0815"
CALLS = 12


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    backend = RecordingBackend()
    yield backend
    backend.close()


def record(
    control: Control,
    prediction_id: str,
    wait: prediction_pb2.FeedbackWait = prediction_pb2.FEEDBACK_WAIT_APPLIED,
) -> Any:
    request = prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1, wait=wait)
    return control.predictions.RecordFeedback(request)


def refusal(control: Control, prediction_id: str, wait: prediction_pb2.FeedbackWait) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        record(control, prediction_id, wait)
    code: grpc.StatusCode = caught.value.code()
    return code


class Story:
    """A router that was called for two entities, of which one is erased."""

    def __init__(self, server: Server, backend: RecordingBackend) -> None:
        self.server = server
        self.control = Control(server.grpc)
        self.control.route("r", {"a": backend.target, "b": backend.target})
        self.erased: list[str] = []
        self.kept: list[str] = []

    def call(self, count: int = CALLS) -> None:
        with grpc.insecure_channel(self.server.grpc, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            for number in range(count):
                entity, ids = ((ENTITY, self.erased), (OTHER, self.kept))[number % 2]
                metadata = (("pointsman-entity-id", entity),)
                ids.append(receipt(infer(channel, infer_request("r"), metadata=metadata))["prediction_id"])

    def erase(self) -> Any:
        request = router_pb2.EraseEntityRequest(router_id="r", entity_id=ENTITY)
        return self.control.routers.EraseEntity(request)

    @property
    def gone(self) -> set[str]:
        """What must be nowhere."""
        return {ENTITY, *self.erased}


@pytest.fixture
def story(tmp_path: Path, backend: RecordingBackend) -> Iterator[Story]:
    story = Story(Server(tmp_path), backend)
    story.call()
    for prediction_id in (*story.erased[:3], *story.kept[:3]):
        record(story.control, prediction_id)
    yield story
    story.control.close()
    story.server.kill()


def test_on_a_quiet_server_it_is_in_no_file_within_the_bound(story: Story) -> None:
    data = story.server.data_dir
    assert holding(data, {ENTITY}), "the test looks in the wrong place"
    answer = story.erase()
    assert (answer.prediction_count, answer.feedback_count) == (CALLS // 2, 3)
    assert not answer.pending
    found: dict[str, list[str]] = {}

    def is_gone() -> bool:
        found.clear()
        found.update(holding(data, story.gone))
        return not found

    try:
        eventually(is_gone, BOUND_SECONDS, "no file that holds the entity or its predictions")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is in {found}") from None
    listed = router_pb2.ListPredictionsRequest(router_id="r", page_size=100)
    assert {one.prediction_id for one in story.control.routers.ListPredictions(listed).predictions} == set(
        story.kept
    )


def test_after_a_stop_it_is_in_no_file(story: Story) -> None:
    story.erase()
    story.server.end()
    assert not holding(story.server.data_dir, story.gone)


def test_after_a_kill_it_is_in_no_file_once_a_server_has_run_again(
    story: Story, start_again: Callable[[Story], None]
) -> None:
    story.erase()
    story.server.kill()
    start_again(story)
    story.server.end()
    assert not holding(story.server.data_dir, story.gone)


@pytest.fixture
def start_again(tmp_path: Path) -> Callable[[Story], None]:
    """Starts another server on the story's data."""

    def start(story: Story) -> None:
        story.control.close()
        story.server = Server(tmp_path)
        story.control = Control(story.server.grpc)

    return start


WAITS = (prediction_pb2.FEEDBACK_WAIT_DURABLE, prediction_pb2.FEEDBACK_WAIT_APPLIED)


def test_feedback_for_its_predictions_is_refused_also_after_a_restart(
    story: Story, start_again: Callable[[Story], None]
) -> None:
    story.erase()
    for _ in range(2):
        for wait in WAITS:
            for prediction_id in (story.erased[0], story.erased[5]):
                assert refusal(story.control, prediction_id, wait) is grpc.StatusCode.FAILED_PRECONDITION
        record(story.control, story.kept[5])
        story.server.end()
        start_again(story)
    window = router_pb2.GetRouterMetricsRequest(router_id="r")
    total = story.control.routers.GetRouterMetrics(window).total
    assert (total.request_count, total.feedback_count) == (CALLS // 2, 4)
    assert total.feedback_coverage == pytest.approx(4 / 6)
    story.server.end()
    assert not holding(story.server.data_dir, story.gone)


def test_a_batch_refuses_the_values_for_its_predictions_alone(story: Story) -> None:
    story.erase()
    values = [
        prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
        for prediction_id in (story.erased[4], story.kept[4])
    ]
    batch = prediction_pb2.BatchRecordFeedbackRequest(
        feedback=values, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
    )
    erased, kept = story.control.predictions.BatchRecordFeedback(batch).results
    assert erased.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert "erased" in erased.message
    assert kept.outcome == prediction_pb2.FEEDBACK_OUTCOME_APPLIED


def test_what_the_entity_does_afterwards_is_recorded_and_takes_feedback(story: Story) -> None:
    story.erase()
    story.erased.clear()
    story.call(2)
    [prediction_id] = story.erased
    assert record(story.control, prediction_id).outcome == prediction_pb2.FEEDBACK_OUTCOME_APPLIED
