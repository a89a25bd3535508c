"""Results say where drift comes from only where inputs were judged."""

from contract.drift_by_hand import ANALYZE, CLASSES, LATEST, a_baseline, ended, features_of, labeled
from pointsman.v1 import drift_pb2
from stage.lake import a_row

BEFORE = ([[0.9, 0.1], [0.1, 0.9]] * 30, [*CLASSES] * 30, [*CLASSES] * 30)


async def test_a_window_without_features_whose_answers_move_has_no_origin(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 60), labeled_predictions=labeled(*BEFORE)))
    now_us = bench.clock()
    bench.replica.journal.predict(
        *(
            a_row(
                now_us - 1_000_000 + number,
                number,
                router_id="cancer",
                model_id="cancer",
                features_content="none",
                prediction_label="approved",
                probabilities=[0.01, 0.99],
            )
            for number in range(60)
        )
    )
    await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    result = await cancer.drift.GetLatestResult(LATEST)
    assert result.features["(label)"]["psi"]["drift"], "answers move"
    assert result.origin == drift_pb2.DRIFT_ORIGIN_UNSPECIFIED
