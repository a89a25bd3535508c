"""From what users have of predictions to checked ones; what is refused is named by field and row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pointsman_drift.errors import InvalidTableError
from pointsman_drift.performance.predictions import (
    NO_LABEL,
    ClassPredictions,
    Codes,
    Floats,
    Label,
    NumberPredictions,
)

SUM_TOLERANCE = 1e-3
"""How far from 1 a row's probabilities may add up: what rounding to four digits brings."""
MOST_CLASSES = 1000


def read_classes(
    classes: Sequence[Label], probabilities: Any, predicted: Any, actual: Any = None
) -> ClassPredictions:
    """Checks predictions of a classifier.

    Args:
        classes: All labels, in the order of the probabilities' columns; of two the second is positive.
        probabilities: One row a prediction, one column a class, each 0 to 1 and 1 together within 0.001;
            shape (rows, classes). Of two classes a vector of the positive one's will do; shape (rows,).
        predicted: The recorded label of each prediction, which need not be the likeliest; shape (rows,).
        actual: The true label, None or NaN where it is not known; None when none is.

    Raises:
        InvalidTableError: Something is wrong; the field and the row are named, rows from 0.

    >>> found = read_classes(["no", "yes"], [0.2, 0.9], ["no", "yes"], ["yes", None])
    >>> found.probabilities.tolist(), found.actual.tolist()
    ([[0.8, 0.2], [0.09999999999999998, 0.9]], [1, -1])
    """
    labels = [one.item() if isinstance(one, np.generic) else one for one in classes]
    known = _known(labels)
    scores = _probabilities(probabilities, len(known))
    codes = _codes("predicted", predicted, known, len(scores))
    missing = np.flatnonzero(codes == NO_LABEL)
    if len(missing):
        raise InvalidTableError(f"predicted[{missing[0]}]: there is no label; a prediction has one")
    truth = np.full(len(scores), NO_LABEL) if actual is None else _codes("actual", actual, known, len(scores))
    return ClassPredictions(tuple(labels), scores, codes, truth)


def read_numbers(predicted: Any, actual: Any = None) -> NumberPredictions:
    """Checks predictions of a regression.

    Args:
        predicted: Finite numbers; shape (rows,).
        actual: What came true, None or NaN where it is not known; None when nothing is. Shape (rows,).

    Raises:
        InvalidTableError: Something is wrong; the field and the row are named, rows from 0.
    """
    numbers = _numbers("predicted", predicted)
    if not len(numbers):
        raise InvalidTableError("predicted: there are no rows")
    missing = np.flatnonzero(np.isnan(numbers))
    if len(missing):
        raise InvalidTableError(f"predicted[{missing[0]}]: there is no number; a prediction has one")
    truth = np.full(len(numbers), np.nan) if actual is None else _numbers("actual", actual)
    _refuse_ragged("actual", len(truth), len(numbers))
    return NumberPredictions(numbers, truth)


def _known(classes: Sequence[Label]) -> pa.Array:
    if isinstance(classes, str) or not 2 <= len(classes) <= MOST_CLASSES:
        raise InvalidTableError(f"classes: {classes!r} is no list of 2 to {MOST_CLASSES} labels")
    for place, label in enumerate(classes):
        if not isinstance(label, str | int):
            raise InvalidTableError(
                f"classes[{place}]: {label!r} is a {type(label).__name__}; labels are texts, whole numbers "
                "or booleans"
            )
    known = _array("classes", list(classes))
    if len(known.unique()) < len(known):
        raise InvalidTableError(f"classes: {list(classes)} has a label twice")
    return known


def _probabilities(given: Any, classes: int) -> Floats:
    try:
        scores = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidTableError(
            f"probabilities: they are no matrix of numbers ({error}); give {classes} in each row"
        ) from error
    if scores.ndim == 1 and classes == 2:
        scores = np.column_stack([1 - scores, scores])
    if scores.ndim != 2 or scores.shape[1] != classes:
        raise InvalidTableError(
            f"probabilities: the shape is {scores.shape}; it must be (rows, {classes}), a column a class"
        )
    if not len(scores):
        raise InvalidTableError("probabilities: there are no rows")
    # NaN compares false, so that it is among the wrong ones.
    wrong = np.argwhere(~((scores >= 0) & (scores <= 1)))
    if len(wrong):
        row, place = wrong[0]
        raise InvalidTableError(f"probabilities[{row}, {place}]: {scores[row, place]} is not within 0 and 1")
    sums = scores.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(off):
        raise InvalidTableError(
            f"probabilities[{off[0]}]: they add up to {sums[off[0]]:.6g}; it must be 1 within {SUM_TOLERANCE}"
        )
    return scores


def _codes(field: str, given: Any, known: pa.Array, rows: int) -> Codes:
    labels = _array(field, given)
    _refuse_ragged(field, len(labels), rows)
    if labels.type != known.type and labels.null_count < len(labels):
        labels = _as_type(field, labels, known)
    codes = pc.index_in(labels, value_set=known) if labels.null_count < len(labels) else None
    if codes is None:
        return np.full(rows, NO_LABEL)
    found: Codes = codes.fill_null(NO_LABEL).to_numpy(zero_copy_only=False).astype(np.int64)
    present = labels.is_valid().to_numpy(zero_copy_only=False)
    unknown = np.flatnonzero(present & (found == NO_LABEL))
    if len(unknown):
        raise InvalidTableError(
            f"{field}[{unknown[0]}]: {labels[int(unknown[0])].as_py()!r} is no class; "
            f"classes are {known.to_pylist()[:20]}"
        )
    return found


def _as_type(field: str, labels: pa.Array, known: pa.Array) -> pa.Array:
    """Labels as the classes' type, where that changes no value: 1.0 is 1, but '1' is not."""
    both_numbers = all(
        pa.types.is_integer(one) or pa.types.is_floating(one) for one in (labels.type, known.type)
    )
    both_texts = all(
        pa.types.is_string(one) or pa.types.is_large_string(one) or pa.types.is_string_view(one)
        for one in (labels.type, known.type)
    )
    try:
        if both_numbers or both_texts:
            return labels.cast(known.type)
    except pa.ArrowException as error:
        raise InvalidTableError(f"{field}: the labels are not of the classes' type ({error})") from error
    raise InvalidTableError(
        f"{field}: the labels are {labels.type}, the classes {known.type}; convert one of them"
    )


def _numbers(field: str, given: Any) -> Floats:
    numbers = _array(field, given)
    if pa.types.is_boolean(numbers.type) or not (
        pa.types.is_integer(numbers.type)
        or pa.types.is_floating(numbers.type)
        or pa.types.is_decimal(numbers.type)
        or pa.types.is_null(numbers.type)
    ):
        raise InvalidTableError(f"{field}: the values are {numbers.type}; give numbers")
    found: Floats = numbers.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
    infinite = np.flatnonzero(np.isinf(found))
    if len(infinite):
        raise InvalidTableError(f"{field}[{infinite[0]}]: {found[infinite[0]]} is no finite number")
    return found


def _array(field: str, given: Any) -> pa.Array:
    if isinstance(given, str | bytes) or not hasattr(given, "__len__"):
        raise InvalidTableError(f"{field}: a {type(given).__name__} is no list of values")
    try:
        array = given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidTableError(f"{field}: the values are of no one type ({error})") from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _refuse_ragged(field: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise InvalidTableError(
            f"{field}: it has {found} rows and the predictions have {wanted}; give one for each"
        )
