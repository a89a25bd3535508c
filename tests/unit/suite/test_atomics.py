"""Each atomic says its invariant: who writes it, who reads it, and why its ordering suffices.

That there are words is all that a program can see; what they say, people read.
"""

import re
from collections.abc import Iterator

import pytest

from stage.page_scenes import ROOT

SOURCES = sorted(
    path
    for path in (ROOT / "router_core").rglob("*.rs")
    if not {"tests", "target"} & set(path.relative_to(ROOT).parts)
)
FEWEST_ATOMICS = 30
"""There are more; a check that finds fewer has lost sight of them."""

_ATOMIC = re.compile(r"\bAtomic(?:Bool|Ptr|Isize|Usize|[IU]\d+)\b")
_TYPE = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(?:struct|enum|union) (\w+)")
_STATIC = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?static (?:mut )?(\w+): ")
_LOCAL = re.compile(r"^\s*let (?:mut )?(\w+)(?:: [^=]*)? = (?:Arc::new\()?Atomic\w+::(?:new|default)\(")
_FIELD = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?(\w+): ")
_TESTS = re.compile(r"^(\s*)mod tests \{", re.MULTILINE)


def without_tests(source: str) -> list[str]:
    """The lines of a file before its tests, which are its end."""
    tests = _TESTS.search(source)
    return source[: tests.start() if tests else None].splitlines()


def atomics(source: str) -> Iterator[tuple[int, str, bool]]:
    """Each field, static and local whose type holds an atomic: its line, its name, whether it has words."""
    lines = without_tests(source)
    end = 0
    for at, line in enumerate(lines):
        if at >= end and (kind := _TYPE.match(line)):
            end = at + _length(lines[at:])
            yield from _fields(lines, at, end, kind[1])
        elif static := _STATIC.match(line):
            if _ATOMIC.search(_statement(lines, at).split(" = ")[0]):
                yield at + 1, static[1], _has_words(lines, at, "///")
        elif line.strip().startswith("let ") and (local := _LOCAL.match(_statement(lines, at))):
            yield at + 1, local[1], _has_words(lines, at, "//")


def _fields(lines: list[str], start: int, end: int, kind: str) -> Iterator[tuple[int, str, bool]]:
    """The fields of a type at these lines; one that has no name is said above the type itself."""
    field = start, kind
    seen = set()
    for at in range(start, end):
        if lines[at].strip().startswith("//"):
            continue
        if at > start and (named := _FIELD.match(lines[at])):
            field = at, named[1]
        if _ATOMIC.search(lines[at].split("//")[0]) and field not in seen:
            seen.add(field)
            yield field[0] + 1, field[1], _has_words(lines, field[0], "///")


def _length(lines: list[str]) -> int:
    """So many lines has what begins with the first of these and ends with its bracket or a semicolon."""
    depth = 0
    for at, line in enumerate(lines):
        code = line.split("//")[0]
        depth += len(re.findall(r"[{(\[]", code)) - len(re.findall(r"[})\]]", code))
        if depth == 0 and code.rstrip().endswith(("}", ";")):
            return at + 1
    return len(lines)


def _statement(lines: list[str], start: int) -> str:
    """A statement as one line: rustfmt may have broken it."""
    return " ".join(line.strip() for line in lines[start : start + _length(lines[start:])])


def _has_words(lines: list[str], at: int, mark: str) -> bool:
    """Whether there is a comment directly above; attributes may stand between."""
    above = (line.strip() for line in reversed(lines[:at]))
    return next((line for line in above if not line.startswith("#[")), "").startswith(mark)


def faults(source: str, file: str) -> list[str]:
    """One line for each atomic of a file without words."""
    return [
        f"{file}:{line} {name}: say who writes it, who reads it, and why its ordering suffices"
        for line, name, has_words in atomics(source)
        if not has_words
    ]


def test_each_atomic_says_its_invariant() -> None:
    found = [
        fault for path in SOURCES for fault in faults(path.read_text(), path.relative_to(ROOT).as_posix())
    ]
    assert not found, "\n" + "\n".join(found)


def test_the_atomics_are_found() -> None:
    found = {name for path in SOURCES for _, name, _ in atomics(path.read_text())}
    assert {"is_asleep", "held", "TAKEN", "COUNT", "MeanNanos", "next", "begun", "endpoints"} <= found
    assert len(found) >= FEWEST_ATOMICS


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("struct One {\n    a: AtomicU64,\n    b: u64,\n}", ["a"]),
        ("struct One {\n    /// It.\n    a: AtomicU64,\n    pub(crate) b: Box<[Arc<AtomicBool>]>,\n}", ["b"]),
        ("struct One {\n    // It.\n    a: AtomicU64,\n}", ["a"]),
        ("struct One {\n    /// It.\n\n    a: AtomicU64,\n}", ["a"]),
        ("struct One {\n    a: Box<\n        [AtomicU64; 4],\n    >,\n}", ["a"]),
        ("/// Both.\nenum One {\n    Other {\n        a: AtomicU64,\n    },\n}", ["a"]),
        ("pub struct One(AtomicU64);", ["One"]),
        ("static A: AtomicU64 = AtomicU64::new(0);", ["A"]),
        ("thread_local! {\n    static A: Cell<AtomicU64> = x();\n}", ["A"]),
        ("fn f() {\n    let a = Arc::new(AtomicBool::new(false));\n}", ["a"]),
        ("fn f() {\n    let a =\n        Arc::new(AtomicBool::new(false));\n}", ["a"]),
    ],
)
def test_an_atomic_without_words_is_told(source: str, names: list[str]) -> None:
    assert [fault.split(": ")[0].split()[1] for fault in faults(source, "file.rs")] == names


@pytest.mark.parametrize(
    "source",
    [
        "struct One {\n    /// It.\n    #[expect(dead_code)]\n    a: AtomicU64,\n}",
        "struct One {\n    a: u64, // No AtomicU64.\n    /// No AtomicU64.\n    b: u64,\n}",
        "/// It.\n#[derive(Debug)]\nstruct One(AtomicU64);",
        "/// It.\nstatic A: AtomicU64 = AtomicU64::new(0);",
        "static A: One = One::new(AtomicU64::new(0));",
        "fn f() {\n    // It.\n    let a = AtomicU64::new(0);\n}",
        "fn f(a: &AtomicU64) {\n    Self { a: AtomicU64::new(0) }\n}",
        "#[cfg(test)]\nmod tests {\n    fn f() {\n        let a = AtomicU64::new(0);\n    }\n}",
        "use std::sync::atomic::{AtomicU64, Ordering};",
    ],
)
def test_what_has_words_or_is_no_atomic_is_left_alone(source: str) -> None:
    assert faults(source, "file.rs") == []
