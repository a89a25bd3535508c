"""The order of a classifier's classes, as its labelled predictions tell it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pointsman.domain.drift.outcomes import label_of, number_of
from pointsman.domain.values import JsonValue
from pointsman.errors import InvalidArgumentError

_FIELD = "labeled_predictions.probabilities"
_LEAST_ROUNDED = 2**53
_OTHER_NAMES = {"true": ("1",), "false": ("0",), "1": ("true",), "0": ("false",)}


def class_order(
    probabilities: Sequence[Sequence[float]], predicted: Sequence[JsonValue], actual: Sequence[JsonValue]
) -> tuple[str, ...]:
    """Answers which class each place of the probabilities is of.

    The label that a model answers is, but for a threshold of its own, that of the greatest probability: so
    each label has the place that is greatest in most of its rows. What two labels would both have is refused,
    for with a wrong order every estimate of accuracy would be wrong in silence. Sorting labels would be a
    guess.

    Args:
        probabilities: By row the probability of each class.
        predicted: By row what the model answered.
        actual: By row what came true, None where it is not known; a class that was never predicted is known
            from here.

    Returns:
        The labels, one for each place.

    Raises:
        InvalidArgumentError: There are more labels than places, or the order cannot be told.

    >>> class_order([[0.1, 0.9], [0.7, 0.3]], ["approved", "denied"], ["approved", "denied"])
    ('denied', 'approved')
    """
    width = len(probabilities[0])
    votes: dict[str, Counter[int]] = {}
    for row, label in zip(probabilities, predicted, strict=True):
        greatest = max(row)
        places = [place for place, probability in enumerate(row) if probability == greatest]
        if len(places) == 1:
            votes.setdefault(_label(label), Counter())[places[0]] += 1
    labels = {_label(value) for value in (*predicted, *actual) if value is not None}
    if len(labels) > width:
        raise InvalidArgumentError.at(
            _FIELD,
            f"have {width} classes, and the labels are {len(labels)}: {', '.join(sorted(labels)[:20])}",
        )
    _check_names(labels)
    order: dict[int, str] = {}
    for label in sorted(votes):
        (place, count), *others = votes[label].most_common(2)
        if others and others[0][1] == count:
            raise _unclear(f"{label!r} goes with the places {place} and {others[0][0]} equally often")
        if place in order:
            raise _unclear(f"{label!r} and {order[place]!r} both go with place {place} most often")
        order[place] = label
    left = sorted(labels - set(order.values()))
    free = [place for place in range(width) if place not in order]
    if len(free) == len(left) == 1:
        order[free[0]] = left[0]
    elif free:
        raise _unclear(f"nothing tells which classes the places {', '.join(map(str, free))} are of")
    return tuple(order[place] for place in range(width))


def place_of(label: str, classes: Sequence[str]) -> int | None:
    """Answers the place of a class under any name that means it; None where no class is meant.

    Args:
        label: The name, as ``label_of`` answers it or as an outcome was sent.
        classes: The names of all classes.

    >>> place_of("1.0", ("0", "1")), place_of("true", ("0", "1")), place_of("maybe", ("0", "1"))
    (1, 1, None)
    """
    number = number_of(label)
    # Names beyond the whole numbers that a double tells apart are names alone: two may round to one number.
    numbered = [] if number is None or abs(number) >= _LEAST_ROUNDED else [label_of(number)]
    names = [label, *numbered]
    names += [other for name in names for other in _OTHER_NAMES.get(name, ())]
    return next((classes.index(name) for name in names if name in classes), None)


def named_as(labels: Sequence[str], classes: Sequence[str]) -> tuple[str, ...] | None:
    """Answers labels, in their order, under the names of classes; None where they are not the same ones.

    Args:
        labels: Names as a signature has them.
        classes: The names that are wanted.

    >>> named_as(("True", "False"), ("0", "1")), named_as(("yes", "maybe"), ("no", "yes"))
    (('1', '0'), None)
    """
    known = [_plain(name) for name in classes]
    # Two classes may have names that mean one number: the name itself comes first.
    found = [classes.index(label) if label in classes else place_of(_plain(label), known) for label in labels]
    places = [place for place in found if place is not None]
    is_same = len(labels) == len(classes) and sorted(places) == list(range(len(classes)))
    return tuple(classes[place] for place in places) if is_same else None


def orders_of(
    labels: Mapping[str, Sequence[str]], classes: Sequence[str]
) -> dict[str, tuple[str, ...] | None]:
    """Answers the order of each version's probabilities, under the names of classes.

    Args:
        labels: By version the labels of its signature; a version without any is left out: its order is not
            known.
        classes: The names that are wanted.

    Returns:
        By version the classes in its order; None of one that has other classes, of which the same place
        means another class.

    >>> orders_of({"1": ("yes", "no"), "2": ("yes", "maybe"), "3": ()}, ("no", "yes"))
    {'1': ('yes', 'no'), '2': None}
    """
    return {version: named_as(names, classes) for version, names in labels.items() if names}


def _check_names(labels: Collection[str]) -> None:
    """Refuses classes that are one number: an outcome may be sent as the number, of either."""
    seen: dict[str, str] = {}
    for label in sorted(labels):
        if (other := seen.setdefault(_plain(label), label)) != label:
            raise InvalidArgumentError.at(
                "labeled_predictions",
                f"the classes {other!r} and {label!r} are one number, so that outcomes do not tell them "
                "apart; give one of them another name",
            )


def _plain(label: str) -> str:
    number = number_of(label)
    return label_of(label if number is None or abs(number) >= _LEAST_ROUNDED else number)


def _label(value: JsonValue) -> str:
    # Checked before: strings, numbers and booleans only.
    return label_of(value)  # type: ignore[arg-type]


def _unclear(reason: str) -> InvalidArgumentError:
    return InvalidArgumentError.at(
        _FIELD,
        f"do not tell which class is which: {reason}; send more rows, with each class predicted in some",
    )
