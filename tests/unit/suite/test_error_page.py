"""The page of errors names every reason that the source raises, with the code that callers get."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import grpc

from pointsman import errors
from pointsman.control.status import CODES

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/errors.md"
REASON = re.compile(r"[A-Z]+(?:_[A-Z]+)*")
KINDS = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, errors.PointsmanError)
}


def code_of(kind: type[errors.PointsmanError]) -> str:
    code = next((CODES[one] for one in kind.__mro__ if one in CODES), grpc.StatusCode.INTERNAL)
    return code.name


def constants(value: ast.expr) -> list[str]:
    """Reasons in an expression, also in both arms of a condition."""
    found = [one.value for one in ast.walk(value) if isinstance(one, ast.Constant)]
    return [one for one in found if isinstance(one, str) and REASON.fullmatch(one)]


def raised(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Reasons that a module gives, each with the code of its error; empty where the error has its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            kind = KINDS.get(ast.unparse(node.func).rpartition(".")[2])
            for keyword in node.keywords:
                if keyword.arg == "reason":
                    for reason in constants(keyword.value):
                        yield reason, code_of(kind) if kind else ""
        elif isinstance(node, ast.ClassDef):
            for statement in node.body:
                if (
                    isinstance(statement, ast.Assign)
                    and ast.unparse(statement.targets[0]) == "default_reason"
                ):
                    kind = KINDS.get(node.name)
                    is_own = kind is None or issubclass(kind, errors.PassedOnError)
                    for reason in constants(statement.value):
                        yield reason, "" if is_own or kind is None else code_of(kind)


@functools.cache
def given() -> frozenset[tuple[Path, str, str]]:
    """Every reason of the package, with where it is and its code."""
    package = ROOT / "python/pointsman"
    generated = package / "v1"
    texts = {path: path.read_text() for path in package.rglob("*.py") if generated not in path.parents}
    return frozenset(
        (path.relative_to(ROOT), reason, code)
        for path, text in texts.items()
        if "reason" in text
        for reason, code in raised(ast.parse(text))
    )


def rows() -> dict[str, str]:
    """By reason what the page's table says of its code."""
    table = PAGE.read_text().partition("| reason | code |")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    for line in table.splitlines():
        cells = line.split("|")
        if len(cells) == 4:
            for reason in re.findall(r"`([A-Z_]+)`", cells[1]):
                assert reason not in found, f"{reason} stands in two rows"
                found[reason] = cells[2]
    return found


def test_every_reason_that_is_raised_stands_on_the_page_with_its_code() -> None:
    told, page = rows(), PAGE.read_text()
    missing, wrong = set(), set()
    for path, reason, code in given():
        where = f"{reason} of {path}"
        if code and reason not in told:
            missing.add(f"{where}: add it to the table with {code}")
        elif not code and f"`{reason}`" not in page:
            missing.add(f"{where}: add it")
        elif code not in ("", reason) and not re.search(rf"\b{code}\b", told[reason]):
            wrong.add(f"{where}: it has {code}, the page says {told[reason].strip()}")
    assert len(given()) > 70, "the source is not read"
    assert not missing, "\n".join(sorted(missing))
    assert not wrong, "\n".join(sorted(wrong))


def test_the_page_names_no_reason_that_nothing_raises() -> None:
    known = {reason for _, reason, _ in given()}
    rust = "".join(path.read_text() for path in (ROOT / "router_core/crates").glob("*/src/**/*.rs"))
    stale = {reason for reason in rows() if reason not in known and f'"{reason}"' not in rust}
    assert not stale, stale
