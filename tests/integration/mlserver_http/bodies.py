"""Requests in the forms that MLServer's documentation writes them in, with the model that each asks."""

from collections.abc import Sequence
from typing import Any

TEXT = "hello world \U0001f601"


def head(name: str, datatype: str, shape: Sequence[int], data: Any, content_type: str = "") -> dict[str, Any]:
    """One input."""
    parameters = {"parameters": {"content_type": content_type}} if content_type else {}
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": data, **parameters}


def bodies(rows: list[list[float]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Answers requests by what is special about them.

    Args:
        rows: Some rows of handwritten digits, 64 numbers each.
    """
    flat = [value for row in rows for value in row]
    nested = head("predict", "FP32", [len(rows), 64], rows)
    wine = {"fixed acidity": 7.4, "volatile acidity": 0.7, "citric acid": 0, "pH": 3.51}
    return {
        "nested": ("digits", {"inputs": [nested]}),
        "flat": ("digits", {"inputs": [nested | {"data": flat}]}),
        "doubles": ("digits", {"inputs": [nested | {"datatype": "FP64"}], "id": "mine"}),
        "halves": ("reading", {"inputs": [head("x", "FP16", [1, 3], [0.5, -2, 65504])]}),
        "one output": ("digits", {"inputs": [nested], "outputs": [{"name": "predict_proba"}]}),
        "several outputs": (
            "digits",
            {
                "inputs": [nested],
                "outputs": [
                    {"name": "predict_proba", "parameters": {"content_type": "np"}},
                    {"name": "predict", "parameters": None},
                ],
            },
        ),
        "a content type of the request": (
            "digits",
            {"parameters": {"content_type": "np"}, "inputs": [nested], "outputs": None, "id": None},
        ),
        "content types of inputs": (
            "echo",
            {
                "inputs": [
                    head("parameters-np", "INT32", [2, 2], [1, 2, 3, 4], "np"),
                    head("parameters-str", "BYTES", [1], TEXT, "str"),
                ]
            },
        ),
        "a text of another length than its shape": (
            "echo",
            {"inputs": [head("metadata-str", "BYTES", [11], TEXT, "str")]},
        ),
        "a text in the shape of its characters": (
            "reading",
            {"inputs": [head("echo_request", "BYTES", [len('{"a": "b"}')], ['{"a": "b"}'])]},
        ),
        "every datatype": (
            "echo",
            {
                "inputs": [
                    head("u8", "UINT8", [2], [0, 255], "np"),
                    head("u16", "UINT16", [1], [65535], "np"),
                    head("u32", "UINT32", [1], [2**32 - 1], "np"),
                    head("u64", "UINT64", [1], [2**64 - 1], "np"),
                    head("i8", "INT8", [1], [-128], "np"),
                    head("i16", "INT16", [1], [-32768], "np"),
                    head("i32", "INT32", [1], [-(2**31)], "np"),
                    head("i64", "INT64", [3], [2**53 + 1, -(2**63), 2**63 - 1], "np"),
                    head("f32", "FP32", [2], [0.1, 1e-40], "np"),
                    head("f64", "FP64", [2], [0.1, 1e300], "np"),
                    head("flags", "BOOL", [2], [True, False], "np"),
                ]
            },
        ),
        "an output of some": (
            "echo",
            {
                "inputs": [head("a", "INT64", [1], [1], "np"), head("b", "INT64", [1], [2], "np")],
                "outputs": [{"name": "b"}],
            },
        ),
        "no number": (
            "echo",
            {"inputs": [head("foo", "FP64", [2, 2], [1.2, 2.3, None, 4.5], "np")]},
        ),
        "base64": ("reading", {"inputs": [head("foo", "BYTES", [1], ["UHl0aG9uIGlzIGZ1bg=="], "base64")]}),
        "a time": ("reading", {"inputs": [head("foo", "BYTES", [1], ["2022-01-11T11:00:00"], "datetime")]}),
        "texts": (
            "reading",
            {
                "parameters": {"content_type": "str"},
                "inputs": [head("foo", "BYTES", [2], ["bar", "bar2"]), head("é", "BYTES", [1], [""])],
            },
        ),
        "a column an input": (
            "frame",
            {
                "parameters": {"content_type": "pd"},
                "inputs": [
                    head("First Name", "BYTES", [2], ["Joanne", "Michael"], "str"),
                    head("Age", "INT32", [2], [34, 22]),
                ],
            },
        ),
        "columns of text": (
            "frame",
            {
                "parameters": {"content_type": "pd"},
                "inputs": [
                    head(name, "BYTES", [4], [f"{name}{n}" for n in range(4)], "str") for name in "abc"
                ],
            },
        ),
        "columns of one row": (
            "frame",
            {
                "parameters": {"content_type": "pd"},
                "inputs": [head(name, "FP32", [1], [value]) for name, value in wine.items()],
            },
        ),
        "arguments": (
            "typed",
            {
                "inputs": [
                    head("question", "BYTES", [2], ["how long?", "é"], "str"),
                    head("context", "INT64", [3], [1, 2, 3], "np"),
                ]
            },
        ),
        "parameters of any type": (
            "reading",
            {
                "parameters": {"seed": 7, "sampled": True, "note": "é", "nothing": None},
                "inputs": [head("foo", "BYTES", [1], ["bar"], "str")],
            },
        ),
    }
