"""Models of many shapes, each of which answers what it was asked, and the values that they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FIRST_AMBIGUOUS = 2**53
"""The first whole number that is the same double as another."""

DTYPES = {
    "BOOL": np.bool_,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}
NAN, INFINITY = float("nan"), float("inf")


@dataclass(frozen=True)
class Tensor:
    """An input, and the output that repeats it.

    Attributes:
        name: The input's name.
        output: The output's name.
        datatype: Of both.
        rows: For each row the values of its columns.
        features: The names of the columns; none for an input that is called by its own name.
        is_open: Whether a row has any number of columns.
    """

    name: str
    output: str
    datatype: str
    rows: Sequence[Sequence[Any]]
    features: Sequence[str] = ()
    is_open: bool = False

    @property
    def width(self) -> int:
        """How many columns a row has."""
        return len(self.rows[0])

    @property
    def shape(self) -> list[int]:
        """The shape in the signature."""
        return [-1, -1 if self.is_open else self.width]


@dataclass(frozen=True)
class Shape:
    """A model.

    Attributes:
        name: Names model and router.
        tensors: Its inputs and outputs.
        predictions: What each row predicts; none when it is the first output.
        probabilities: The class probabilities of each row; none without classes.
        labels: The signature's labels.
        task: The signature's task, as its enumeration calls it.
        prediction_output: The signature's field.
        probability_output: The signature's field.
        threshold: The signature's field.
    """

    name: str
    tensors: Sequence[Tensor]
    predictions: Sequence[Any] = ()
    probabilities: Sequence[Sequence[float]] = ()
    labels: Sequence[str] = ()
    task: str = "TASK_UNSPECIFIED"
    prediction_output: str = ""
    probability_output: str = ""
    threshold: float | None = None

    @property
    def row_count(self) -> int:
        """How many rows there are values for."""
        return len(self.tensors[0].rows)


def one(datatype: str, *values: Any, name: str = "x", output: str = "y") -> Tensor:
    """A tensor of one column."""
    return Tensor(name, output, datatype, [[value] for value in values])


def _limits(datatype: str) -> list[int]:
    limits = np.iinfo(DTYPES[datatype])
    edges = [0, 1, -1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1, limits.min, limits.max]
    return sorted({edge for edge in edges if limits.min <= edge <= limits.max})


def _floats(datatype: str) -> list[float]:
    limits = np.finfo(DTYPES[datatype])
    edges = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, limits.eps]
    return [0.0, -0.0, -1.0, 0.5, *map(float, edges), NAN, INFINITY, -INFINITY]


WHOLE_TYPES = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"]
FLOAT_TYPES = ["FP16", "FP32", "FP64"]
TEXTS = [
    "",
    " ",
    "a",
    "é",
    "漢字 🙂",
    '"quoted"',
    "a\nb\\",
    "true",
    "null",
    "1.5",
    "9007199254740993",
    "-1",
    "NaN",
]
TEXTS += ["Infinity", "[1]", "=1+1"]

HALVES = ([0.75, 0.25], [0.0, 1.0], [0.5, 0.5])
THIRDS = ([0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0.0, 1.0, 0.0])


def _classes(
    name: str,
    labels: Sequence[str],
    answered: Tensor | None,
    probabilities: Sequence[Sequence[float]],
    predictions: Sequence[str],
    datatype: str = "FP32",
    **fields: Any,
) -> Shape:
    """A classifier that answers class and probabilities, as it is asked."""
    of_classes = Tensor("p", "probabilities", datatype, probabilities)
    tensors = [of_classes] if answered is None else [answered, of_classes]
    return Shape(
        name,
        tensors,
        predictions,
        probabilities,
        labels,
        task="TASK_CLASSIFICATION",
        probability_output="probabilities",
        **fields,
    )


# Labels that are numbers are 0 to n - 1 here. A list of others takes a line that says what its output holds.
CLASSIFIERS = [
    _classes(
        "two-by-index", ["no", "yes"], one("INT64", 0, 1, 0, output="label"), HALVES, ["no", "yes", "no"]
    ),
    _classes(
        "two-by-text",
        ["no", "yes"],
        one("BYTES", "no", "yes", "no", output="label"),
        HALVES,
        ["no", "yes", "no"],
    ),
    _classes("two-by-likelihood", ["no", "yes"], None, HALVES, ["no", "yes", "no"]),
    _classes(
        "three-by-index-32",
        ["ä", "b c", "C"],
        one("INT32", 0, 2, 1, output="label"),
        THIRDS,
        ["ä", "C", "b c"],
    ),
    _classes("three-by-double", ["a", "A", "aa"], None, THIRDS, ["a", "aa", "A"], "FP64"),
    _classes("numbered", ["0", "1", "2"], one("INT64", 0, 2, 1, output="label"), THIRDS, ["0", "2", "1"]),
    _classes(
        "numbered-text", ["0", "1", "2"], one("BYTES", "0", "2", "1", output="label"), THIRDS, ["0", "2", "1"]
    ),
    _classes("by-threshold", ["no", "yes"], None, HALVES, ["no", "yes", "no"], threshold=0.625),
]

SHAPES = [
    *(Shape(name.lower(), [one(name, *_limits(name))]) for name in WHOLE_TYPES),
    *(Shape(name.lower(), [one(name, *_floats(name))]) for name in FLOAT_TYPES),
    Shape("bool", [one("BOOL", True, False)]),
    Shape("bytes", [one("BYTES", *TEXTS)]),
    Shape("whole-columns", [Tensor("x", "y", "INT64", [[1, 2**53 + 1, -(2**63)], [0, -1, 2**53 - 1]])]),
    Shape("unsigned-columns", [Tensor("x", "y", "UINT64", [[1, 2**64 - 1], [2**63, 2**53 + 1]], ["a", "b"])]),
    Shape(
        "float-columns",
        [Tensor("x", "y", "FP32", [[0.5, NAN, INFINITY], [-0.0, 1.0, -INFINITY]], ["a", "b", "c"])],
    ),
    Shape("text-columns", [Tensor("x", "y", "BYTES", [["", "é"], ["1", "null"]], ["first", "second"])]),
    Shape("wide", [Tensor("x", "y", "FP64", [[number / 8 for number in range(300)]])]),
    Shape("open-floats", [Tensor("x", "y", "FP32", [[1.0, NAN, -INFINITY], [0.0, 0.5, 2.0]], is_open=True)]),
    Shape("open-wholes", [Tensor("x", "y", "INT64", [[2**53 + 1, -1], [0, 2**63 - 1]], is_open=True)]),
    Shape("open-texts", [Tensor("x", "y", "BYTES", [["", "é"], ["a", "9007199254740993"]], is_open=True)]),
    Shape(
        "mixed",
        [
            one("INT64", 2**53 + 1, 7, name="id", output="first"),
            one("FP64", 1e300, NAN, name="amount", output="second"),
            one("BYTES", "", "Zoë", name="who", output="third"),
            one("BOOL", True, False, name="is", output="fourth"),
            one("UINT8", 255, 0, name="level", output="fifth"),
        ],
    ),
    Shape("dots", [Tensor("x.0", "y.0", "FP32", [[0.5, 1.0]], ["a.b", "a.b.c"])]),
    Shape("spaces", [Tensor("x y", " y ", "FP32", [[0.5, 1.0, 2.0]], ["a b", " a", "a "])]),
    Shape("unicode", [Tensor("größe", "答え", "INT64", [[2**53 + 1, 5]], ["größe", "漢字🙂"])]),
    Shape(
        "cases",
        [
            Tensor("X", "Y", "INT64", [[2**53 + 1, 2, -(2**63)]], ["Age", "age", "AGE"]),
            one("FP32", 0.5, name="x", output="y"),
        ],
    ),
    Shape("quotes", [Tensor('x"', "y'", "BYTES", [["a", "b", "c"]], ['a"b', "it's", "a\\b"])]),
    Shape(
        "columns-of-the-lake",
        [
            Tensor(
                "row",
                "outputs",
                "FP32",
                [[1.0, 2.0, 3.0, 4.0]],
                ["time_us", "f_x", "features_other", "eatures_other"],
            )
        ],
    ),
    Shape(
        "long-names", [Tensor("x", "y", "INT64", [[2**53 + 1, 2**53 + 1], [1, -1]], ["n" * 256, "m" * 257])]
    ),
    Shape(
        "conventional",
        [
            one("FP32", 0.5, -1.0, name="a", output="score"),
            one("INT64", 2**53 + 1, 1, name="b", output="variable"),
        ],
        [str(2**53 + 1), 1.0],
    ),
    Shape(
        "regression",
        [one("FP32", 1.0, name="a", output="first"), one("INT64", -(2**63), name="b", output="value")],
        [str(-(2**63))],
        task="TASK_REGRESSION",
        prediction_output="value",
    ),
    *CLASSIFIERS,
]
