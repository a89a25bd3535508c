"""Rust's documentation has no examples: `make test` leaves out the search for them, which reads all anew."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTATION = re.compile(r"\s*//[/!](?P<text>.*)")
FENCE = re.compile(r"\s*(```|~~~)")
INDENTED = re.compile(r" {5,}\S")


def examples(source: str) -> list[str]:
    """The lines that begin what rustdoc takes for code: behind a fence, or indented behind an empty line."""
    found = [DOCUMENTATION.fullmatch(line) for line in source.splitlines()]
    lines = ["" if one is None else one["text"] for one in found]
    return [
        line
        for before, line in pairwise(["", *lines])
        if FENCE.match(line) or (not before.strip() and INDENTED.match(line))
    ]


@pytest.mark.parametrize(
    "text", ["/// ```\n/// f();\n/// ```", "//! Does.\n//!\n//!     f();", "    /// ~~~"]
)
def test_an_example_is_found(text: str) -> None:
    assert examples(text)


def test_text_is_no_example() -> None:
    assert not examples("/// A list:\n///\n/// * of one,\n///   in two lines\n    // ```\nlet s = `x`;")


def test_no_documentation_has_one() -> None:
    files = [path for folder in ("router_core", "benches") for path in (ROOT / folder).rglob("*.rs")]
    assert len(files) > 100
    with_examples = {
        str(path.relative_to(ROOT)): found for path in files if (found := examples(path.read_text()))
    }
    assert not with_examples, "have `make test` run them, or write them as tests"
