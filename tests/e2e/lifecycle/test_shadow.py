"""A shadow over a real server: copies are recorded, paired and compared, and nothing else sees them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pointsman.client import (
    Client,
    ModelVersion,
    OnnxBackend,
    Prediction,
    Recording,
    Router,
    ShadowComparison,
    Signature,
    Task,
    TensorSpec,
    Variant,
    VariantMetrics,
    VariantRole,
)
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ROUTER = "loans"
CALLS = 1000
PACE = 20
"""So many copies at a time find places, however long each waits for the processor."""
COPY_TIMEOUT = timedelta(minutes=10)
"""A copy has as long as a call of its router: longer than any waits for its turn on a busy machine."""
PATIENCE_SECONDS = 120.0
FEATURES = ["income", "age"]


@dataclass(frozen=True)
class Call:
    """A call with its answer, and what the shadow's file says to the same features."""

    answer: Prediction
    entity: str
    shadow_label: str
    shadow_probabilities: list[float]


def write_models(folder: Path) -> None:
    """Two classifiers that differ on some rows."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(3)
    rows = random.normal(size=(300, 2)).astype(np.float32)
    for version, weights in (("1", [1.0, 0.2]), ("2", [0.6, 0.9])):
        classes = (rows @ np.array(weights) + random.normal(0, 0.3, 300) > 0).astype(int)
        inputs = [("x", FloatTensorType([None, 2]))]
        made = to_onnx(
            LogisticRegression().fit(rows, classes), initial_types=inputs, options={"zipmap": False}
        )
        (folder / f"loans-{version}.onnx").write_bytes(made.SerializeToString())


def by_file(path: Path, rows: Any) -> tuple[list[str], Any]:
    """What a file says to rows, without any server."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes())
    labels, probabilities = session.run(None, {"x": rows})
    return [["no", "yes"][int(label)] for label in labels], probabilities


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    write_models(server.models_dir)
    with Client(server.grpc) as client:
        signature = Signature(
            task=Task.CLASSIFICATION,
            inputs=[TensorSpec("x", "FP32", [-1, 2], features=FEATURES)],
            labels=["no", "yes"],
        )
        for version in ("1", "2"):
            client.models.register(
                ModelVersion("loans", version, OnnxBackend(f"loans-{version}.onnx"), signature)
            )
        variants = [
            Variant("old", "loans", "1", 100.0),
            Variant("next", "loans", "2", 0.0, role=VariantRole.SHADOW),
        ]
        client.routers.create(
            Router(ROUTER, variants=variants, recording=Recording(), default_timeout=COPY_TIMEOUT)
        )
        client.routers.deploy(ROUTER)
        yield client


def copies_that_ended(client: Client, least: int) -> VariantMetrics | None:
    """The figures of the shadow when so many copies have ended; none may be dropped."""
    live = client.routers.metrics(ROUTER, live=True)
    [shadow] = [one for one in live.variants if one.shadow]
    assert not any(shadow.shadow_drop_counts.values()), shadow.shadow_drop_counts
    return shadow if shadow.shadow_request_count >= least else None


@pytest.fixture(scope="module")
def calls(server: Server, client: Client) -> list[Call]:
    random = np.random.default_rng(9)
    rows = random.normal(size=(CALLS, 2)).astype(np.float32)
    labels, probabilities = by_file(server.models_dir / "loans-2.onnx", rows)
    made = []
    for number, row in enumerate(rows):
        entity = f"applicant-{number % 100}"
        features = dict(zip(FEATURES, map(float, row), strict=True))
        answer = client.predict(ROUTER, features, entity_id=entity)
        if number % PACE == PACE - 1:
            # Beside others' work copies wait, and those that find no place to spare are dropped.
            ended = number + 1
            eventually(partial(copies_that_ended, client, ended), PATIENCE_SECONDS, f"{ended} copies ended")
        made.append(Call(answer, entity, labels[number], [float(one) for one in probabilities[number]]))
    return made


@pytest.fixture(scope="module")
def comparison(client: Client, calls: list[Call]) -> ShadowComparison:
    """The comparison when all copies have ended."""

    def ended() -> ShadowComparison | None:
        shadow = copies_that_ended(client, CALLS)
        found = client.routers.compare_shadow(ROUTER)
        is_whole = shadow is not None and found.total.pair_count >= shadow.shadow_request_count
        return found if is_whole else None

    return eventually(ended, PATIENCE_SECONDS, "every copy is compared")


def test_every_call_is_answered_by_the_shadow_too(comparison: ShadowComparison, calls: list[Call]) -> None:
    assert {call.answer.variant for call in calls} == {"old"}
    total = comparison.total
    assert total.primary_count == CALLS
    assert total.pair_count == CALLS, total.unpaired_counts
    assert total.answered_pair_count == total.pair_count
    assert (total.primary_errors.count, total.shadow_errors.count) == (0, 0)
    assert comparison.shadow_only_count == 0


def test_the_comparison_is_that_of_the_two_files(comparison: ShadowComparison, calls: list[Call]) -> None:
    total = comparison.total
    counted = Counter((call.answer.prediction, call.shadow_label) for call in calls)
    assert len(counted) == 4, "the two models differ both ways"
    assert total.labels is not None
    assert {(pair.primary_label, pair.shadow_label): pair.count for pair in total.labels.pairs} == counted
    mine = np.array([call.answer.probabilities for call in calls])
    theirs = np.array([call.shadow_probabilities for call in calls])
    apart = np.abs(mine - theirs).sum(axis=1) / 2
    assert total.probabilities is not None
    assert total.probabilities.mean_total_variation == pytest.approx(apart.mean(), abs=1e-5)
    assert total.probabilities.max_total_variation == pytest.approx(apart.max(), abs=1e-5)
    assert total.scores is not None
    assert (total.scores.kind, total.scores.label) == ("probability", "yes")
    ordered = np.sort(np.concatenate([mine[:, 1], theirs[:, 1]]))
    distance = np.abs(
        np.searchsorted(np.sort(mine[:, 1]), ordered, "right")
        - np.searchsorted(np.sort(theirs[:, 1]), ordered, "right")
    ).max()
    assert total.scores.ks_statistic == pytest.approx(distance / len(calls), abs=3 / len(calls))
    assert sum(one.primary_count for one in total.scores.bins) == len(calls)
    assert total.backend is not None
    assert total.backend.shadow.p50_seconds > 0


def test_feedback_tells_which_of_the_two_is_right(client: Client, comparison: Any, calls: list[Call]) -> None:
    right: Counter[tuple[bool, bool]] = Counter()
    for number, call in enumerate(calls[:200]):
        place = number % 2
        client.record_feedback(call.answer.prediction_id, float(place), metric="truth")
        truth = ["no", "yes"][place]
        right[call.answer.prediction == truth, call.shadow_label == truth] += 1
    found = client.routers.compare_shadow(ROUTER, metric="truth").total.accuracy
    assert found is not None
    assert found.labels is not None
    assert found.pair_count == 200
    assert found.labels.primary_only_count == right[True, False]
    assert found.labels.shadow_only_count == right[False, True]
    assert found.labels.primary.count == right[True, True] + right[True, False]


def test_predictions_know_nothing_of_it(client: Client, comparison: Any, calls: list[Call]) -> None:
    listed = list(client.routers.predictions(ROUTER, page_size=1000))
    assert {record.prediction_id for record in listed} == {call.answer.prediction_id for call in calls}
    assert {record.variant for record in listed} == {"old"}
    figures = client.routers.metrics(ROUTER)
    assert figures.total is not None
    assert figures.total.request_count == CALLS
    assert {one.variant: one.request_count for one in figures.variants} == {"old": CALLS, "next": 0}
    parts = list(client.routers.replay(ROUTER))
    assert sum(count.call_count for part in parts for count in part.counts) == CALLS


def test_an_erased_entity_goes_from_both(client: Client, comparison: Any, calls: list[Call]) -> None:
    before = client.routers.compare_shadow(ROUTER).total
    erased = [call for call in calls if call.entity == "applicant-7"]
    answer = client.routers.erase_entity(ROUTER, "applicant-7")
    assert (answer.prediction_count, list(answer.pending)) == (len(erased), [])
    after = client.routers.compare_shadow(ROUTER)
    assert after.total.primary_count == before.primary_count - len(erased)
    assert before.pair_count - after.total.pair_count == len(erased)
    assert after.shadow_only_count == 0
    left = client.routers.predictions(ROUTER, entity_id="applicant-7")
    assert list(left) == []
