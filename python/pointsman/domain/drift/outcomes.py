"""What models answer and what comes true: a class or a number, and how the two are compared."""

import math

from pointsman.domain.values import JsonValue
from pointsman.domain.violations import Violations, shown

Outcome = str | float | bool
MAX_OUTCOME_CHARS = 1024


def check_outcome(found: Violations, field: str, given: JsonValue) -> None:
    """Checks that a value can be an answer: a string that is not empty, a finite number or a boolean.

    Args:
        found: Takes what is wrong.
        field: The path of the field.
        given: The value.
    """
    if isinstance(given, str):
        if not given:
            found.add(field, "is empty; it is required")
        found.check_text(field, given, MAX_OUTCOME_CHARS)
    elif isinstance(given, bool):
        return
    elif isinstance(given, (int, float)):
        found.check_finite(field, given)
    elif given is None:
        found.add(field, "is not set; it is required")
    else:
        found.add(field, f"{shown(given)} is neither a string, a number nor a boolean")


def label_of(outcome: Outcome) -> str:
    """Answers the name of a class, under which answers of any type are the same.

    A model that answers 1 is right about an outcome that was sent as "1", as JSON clients often do. Truth
    values are in small letters, as tables of outcomes often have them not.

    >>> label_of(1.0), label_of("1"), label_of("True"), label_of(0.5)
    ('1', '1', 'true', '0.5')
    """
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    if isinstance(outcome, str):
        return outcome.lower() if outcome.lower() in ("true", "false") else outcome
    return str(int(outcome)) if float(outcome).is_integer() else repr(float(outcome))


def number_of(outcome: Outcome) -> float | None:
    """Reads an answer as a number; None where it is none.

    >>> number_of("2.5"), number_of("approved"), number_of(True), number_of("1_000")
    (2.5, None, None, None)
    """
    if isinstance(outcome, bool):
        return None
    # Python alone reads digits apart, and those of other scripts, as numbers.
    if isinstance(outcome, str) and ("_" in outcome or not outcome.isascii()):
        return None
    try:
        number = float(outcome)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
