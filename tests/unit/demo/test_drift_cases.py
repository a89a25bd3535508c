import numpy as np
import pytest

from pointsman.demo.dataset import TrainingResult
from pointsman.demo.drift.cases import (
    RULE_FEATURE,
    RULE_LABEL,
    RULE_LIMIT,
    SHIFT_FACTOR,
    SHIFTED_FEATURE,
    as_they_are,
    changed,
)
from pointsman.demo.drift.reference import make_reference
from pointsman.demo.training import split_data, train

SEED = 7


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train(tmp_path_factory.mktemp("models"), SEED)


def test_one_feature_and_one_label_rule_change_and_nothing_else(training: TrainingResult) -> None:
    before, after = as_they_are(training), changed(training)
    assert len({case.entity for case in (*before, *after)}) == 2 * len(training.rows)
    called = 0
    for old, new in zip(before, after, strict=True):
        assert new.features == old.features | {SHIFTED_FEATURE: old.features[SHIFTED_FEATURE] * SHIFT_FACTOR}
        is_ruled = old.features[RULE_FEATURE] > RULE_LIMIT
        assert new.truth == (RULE_LABEL if is_ruled else old.truth)
        called += new.truth != old.truth
    # Enough that a loss of accuracy cannot be chance, and not so many that another question is asked.
    assert 0.15 < called / len(before) < 0.5


def test_the_baseline_is_the_training_data_and_no_held_out_row(training: TrainingResult) -> None:
    reference = make_reference(SEED)
    data = split_data(SEED)
    columns = np.array([reference.features[name] for name in training.feature_names]).T
    assert np.array_equal(columns, data.train_x.astype(float))
    assert not {tuple(row) for row in columns} & {row.values for row in training.rows}
    assert reference.targets.values == [data.labels[place] for place in data.train_y]


def test_its_answers_are_those_of_their_greatest_probability(training: TrainingResult) -> None:
    labeled = make_reference(SEED).labeled
    said = np.array(training.labels)[np.array(labeled.probabilities).argmax(axis=1)]
    assert list(labeled.predicted_labels) == said.tolist()
    right = (said == np.array(labeled.actual_labels)).mean()
    # As right as the model is about what it has not learnt, not as about what it has.
    assert right == pytest.approx(training.accuracies["cancer-lr.onnx"], abs=0.025)
