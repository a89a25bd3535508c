"""Columns of predictions, whose drift is measured as that of any column."""

import numpy as np
import pyarrow as pa

from pointsman_drift.performance.predictions import Floats, NumberPredictions, Predictions

MOST_SCORES = 20
"""Of a classifier with more classes, single scores are no columns."""


def prediction_columns(predictions: Predictions) -> pa.Table:
    """Answers what is compared of predictions, one row each.

    Returns:
        Of a classifier ``(label)``, the recorded one, and the columns of ``prediction_numbers``; of a
        regression these alone.

    >>> from pointsman_drift.performance.reading import read_classes
    >>> prediction_columns(read_classes(["no", "yes"], [0.25], ["no"])).to_pylist()
    [{'(label)': 'no', '(score)': 0.25, '(confidence)': 0.75}]
    """
    numbers = {name: pa.array(values) for name, values in prediction_numbers(predictions).items()}
    if isinstance(predictions, NumberPredictions):
        return pa.table(numbers)
    labels = pa.array([str(label) for label in predictions.classes]).take(pa.array(predictions.predicted))
    return pa.table({"(label)": labels, **numbers})


def prediction_numbers(predictions: Predictions) -> dict[str, Floats]:
    """Answers what is compared of predictions and is a number: what detectors of changes can see of them.

    Returns:
        Of a classifier ``(score)``, the positive class's probability, or of up to twenty classes a ``(score
        of CLASS)`` each; and ``(confidence)``, the greatest probability. Of a regression ``(prediction)``.
        Each of shape (rows,).

    >>> from pointsman_drift.performance.reading import read_numbers
    >>> prediction_numbers(read_numbers([1.5, 2.5]))
    {'(prediction)': array([1.5, 2.5])}
    """
    if isinstance(predictions, NumberPredictions):
        return {"(prediction)": predictions.predicted}
    scores = predictions.probabilities
    columns = {}
    if predictions.is_binary:
        columns["(score)"] = np.ascontiguousarray(scores[:, 1])
    elif len(predictions.classes) <= MOST_SCORES:
        for place, label in enumerate(predictions.classes):
            columns[f"(score of {label})"] = np.ascontiguousarray(scores[:, place])
    columns["(confidence)"] = scores.max(axis=1)
    return columns
