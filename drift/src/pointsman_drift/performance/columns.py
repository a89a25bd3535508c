"""Columns of predictions, whose drift is measured as that of any column."""

import numpy as np
import pyarrow as pa

from pointsman_drift.performance.predictions import NumberPredictions, Predictions

MOST_SCORES = 20
"""Of a classifier with more classes, single scores are no columns."""


def prediction_columns(predictions: Predictions) -> pa.Table:
    """Answers what is compared of predictions, one row each.

    Returns:
        Of a classifier ``(label)``, the recorded one; ``(score)``, the positive class's probability, or of
        up to twenty classes a ``(score of CLASS)`` each; ``(confidence)``, the greatest probability. Of a
        regression ``(prediction)``.

    >>> from pointsman_drift.performance.reading import read_classes
    >>> prediction_columns(read_classes(["no", "yes"], [0.25], ["no"])).to_pylist()
    [{'(label)': 'no', '(score)': 0.25, '(confidence)': 0.75}]
    """
    if isinstance(predictions, NumberPredictions):
        return pa.table({"(prediction)": predictions.predicted})
    classes = predictions.classes
    labels = pa.array([str(label) for label in classes]).take(pa.array(predictions.predicted))
    columns = {"(label)": labels}
    if predictions.is_binary:
        columns["(score)"] = pa.array(predictions.probabilities[:, 1])
    elif len(classes) <= MOST_SCORES:
        for place, label in enumerate(classes):
            columns[f"(score of {label})"] = pa.array(
                np.ascontiguousarray(predictions.probabilities[:, place])
            )
    columns["(confidence)"] = pa.array(predictions.probabilities.max(axis=1))
    return pa.table(columns)
