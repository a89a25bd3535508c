"""Whoever calls a public function with several arguments is told what each of them means."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stage.page_scenes import ROOT

PACKAGES = (ROOT / "python" / "pointsman", ROOT / "drift" / "src" / "pointsman_drift")
NOT_WRITTEN_BY_HAND = ("v1/", "store/migrations/")
MANY = 3
"""From so many parameters on, each is said."""

_COMMAND = re.compile(r"\.(command|callback)\b")
_NAMED = re.compile(r"^ {4}\*{0,2}(\w+)(?: \(.*?\))?:", re.MULTILINE)
_SECTION = re.compile(r"^Args:\n((?:(?: {4}.*)?\n)*)", re.MULTILINE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """Every file of the packages that people write."""
    return [
        path
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
        if not path.relative_to(package).as_posix().startswith(NOT_WRITTEN_BY_HAND)
        and not path.read_text().startswith("# Generated ")
    ]


def faults(source: str, file: str) -> list[str]:
    """One line for each public function of a file that leaves arguments unsaid: where it is, and which."""
    found = []
    for name, function in functions(ast.parse(source)):
        wanted = parameters(function)
        if len(wanted) < MANY or is_command(function):
            continue
        missing = [parameter for parameter in wanted if parameter not in said(function)]
        if missing:
            found.append(f"{file}:{function.lineno} {name}: no Args for {', '.join(missing)}")
    return found


def functions(node: ast.AST, within: str = "") -> Iterator[tuple[str, Function]]:
    """The public functions of a module and the public methods of its public classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if child.name.startswith("_"):
                continue
            if isinstance(child, ast.ClassDef):
                yield from functions(child, f"{within}{child.name}.")
            else:
                yield within + child.name, child
        else:
            yield from functions(child, within)


def parameters(function: Function) -> list[str]:
    """The parameters that a docstring has to say.

    Not those that begin with an underscore, for which somebody else's signature is the reason and which
    nothing reads, nor those of a ``ParamSpec``, which another function gets as they are.
    """
    arguments = function.args
    variadic = [one for one in (arguments.vararg, arguments.kwarg) if one and not _is_passed_on(one)]
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *variadic]
    return [one.arg for one in found if one.arg not in ("self", "cls") and not one.arg.startswith("_")]


def _is_passed_on(variadic: ast.arg) -> bool:
    return isinstance(variadic.annotation, ast.Attribute) and variadic.annotation.attr in ("args", "kwargs")


def is_command(function: Function) -> bool:
    """Whether its parameters are options of the command line, which say in their help what they mean."""
    annotations = [ast.unparse(one.annotation) for one in function.args.args if one.annotation]
    return any(_COMMAND.search(ast.unparse(decorator)) for decorator in function.decorator_list) or any(
        re.search(r"\bcommandline\.(Context|Option|Argument)\b", annotation) for annotation in annotations
    )


def said(function: Function) -> set[str]:
    """The names in the section ``Args`` of a function's docstring."""
    section = _SECTION.search((ast.get_docstring(function) or "") + "\n")
    return set(_NAMED.findall(section[1])) if section else set()


def test_files_of_every_package_are_looked_at() -> None:
    found = sources()
    assert all(any(package in path.parents for path in found) for package in PACKAGES)


def test_each_of_three_or_more_arguments_is_said() -> None:
    found = [
        fault for path in sources() for fault in faults(path.read_text(), path.relative_to(ROOT).as_posix())
    ]
    assert not found, "\n" + "\n".join(found)


def function(head: str) -> str:
    return f'{head}:\n    """Does it."""\n'


UNSAID = '''
def do(one, two, three):
    """Does it.

    Args:
        one: The first.
            two: Of the first.

    Returns:
        two: It.
    """
'''

SAID = '''
def do(one, *two, three):
    """Does it.

    Args:
        one: The
            first.

        *two: Others.
        three (int): The last.

    Raises:
        ValueError: It cannot.
    """
'''


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        (function("def do(one, two, three)"), "one, two, three"),
        (function("async def do(one, /, two, *, three)"), "one, two, three"),
        (function("def do(one, two, *three, **four)"), "one, two, three, four"),
        (UNSAID, "two, three"),
        ("def do(one, two, three): ...", "one, two, three"),
        ("if True:\n    def do(one, two, three): ...", "one, two, three"),
    ],
)
def test_arguments_that_are_not_said_are_told(source: str, missing: str) -> None:
    (fault,) = faults(source, "file.py")
    assert re.fullmatch(r"file\.py:\d do: no Args for (.*)", fault), fault
    assert fault.endswith(f" for {missing}")


def test_a_method_is_told_with_its_class_and_without_self() -> None:
    source = "class Doer:\n    def do(self, one, two, three): ...\n    def did(self, one, two): ..."
    assert faults(source, "file.py") == ["file.py:2 Doer.do: no Args for one, two, three"]


@pytest.mark.parametrize(
    "source",
    [
        SAID,
        function("def do(one, two)"),
        function("def _do(one, two, three)"),
        "class _Doer:\n    def do(self, one, two, three): ...",
        "def do():\n    def inner(one, two, three): ...",
        function("@app.command('list')\ndef do(one, two, three)"),
        function("def do(context: commandline.Context, one: Files, two: bool)"),
        function("def do(one: Annotated[str, commandline.Option(help='It.')], two: Yes, three: Yes)"),
        function("def do(context, _, __)"),
        function("def do(one, *args: _Params.args, **kwargs: _Params.kwargs)"),
    ],
)
def test_what_needs_no_arguments_said_is_left_alone(source: str) -> None:
    assert faults(source, "file.py") == []
