"""Each block of the documentation is run or says why not, and what the text names exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pointsman.cli.app import app
from stage.page_scenes import NOT_RUN, ROOT, RUN_BY, is_excepted, pages
from stage.pages import PROGRAMS, faults, read

PAGES = [page for page in pages() if not is_excepted(page)]
_INLINE = re.compile(r"`(pointsman [^`]*)`")
_MAKE = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", re.MULTILINE)
_METRIC = re.compile(r"\bpointsman_[a-z]+_[a-z_]+")
_PARTS_OF_HISTOGRAMS = re.compile(r"_(bucket|sum|count)$")
_RECEIPT = (
    "pointsman_prediction_id",
    "pointsman_variant",
    "pointsman_propensity",
    "pointsman_reason",
    "pointsman_decided_variant",
    "pointsman_rule",
    "pointsman_batch_row",
)
_IN_BLOCK = re.compile(r"(?:^|run: )(pointsman [a-z-].*)$", re.MULTILINE)
_PARTS = re.compile(r"[|&]{1,2}|[;>#…]")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_block_is_run_or_says_why_not(page: Path) -> None:
    assert faults(read(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_with_programs_has_a_test_that_runs_it(page: Path) -> None:
    to_run = [block.where for block in read(page) if not block.is_excepted]
    if not to_run:
        assert name(page) not in RUN_BY, "nothing of it is left to run"
        return
    assert name(page) in RUN_BY, f"no test runs {to_run}"
    assert page.name in (ROOT / RUN_BY[name(page)]).read_text() or page.name == "metrics.md"


def test_the_first_page_lists_every_service_of_the_port() -> None:
    page = (ROOT / "docs/tutorials/first-router.md").read_text()
    listed = re.findall(r"^(?:pointsman\.v1|inference)\.\w+$", page, re.MULTILINE)
    declared = {
        f"{package}.{service}"
        for folder, package in (("pointsman", "pointsman.v1"), ("inference", "inference"))
        for file in (ROOT / "proto" / folder).rglob("*.proto")
        for service in re.findall(r"^service (\w+)", file.read_text(), re.MULTILINE)
    }
    assert listed == sorted(declared)


def test_exceptions_are_of_pages_that_exist() -> None:
    assert [page for page in [*NOT_RUN, *RUN_BY] if not (ROOT / page).exists()] == []
    assert all(NOT_RUN.values())


def calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each call of the command that a page names in its text, or in blocks that are not run."""
    for found in _INLINE.finditer(page.read_text()):
        yield f"{page.name}: {found[1]}", _words(found[1])
    for block in read(page):
        if block.is_excepted and block.language in (*PROGRAMS, "yaml"):
            for found in _IN_BLOCK.finditer(block.text.replace("\\\n", " ")):
                yield f"{block.where}: {found[1]}", _words(found[1])


def _words(line: str) -> list[str]:
    """The words of the first command of a line."""
    words = line.split()
    end = next((number for number, word in enumerate(words) if _PARTS.fullmatch(word)), len(words))
    return words[1:end]


def unknown_word(words: list[str]) -> str | None:
    """The first command or option of a call that does not exist; None when all do."""
    command: click.Command = app
    options = _options(app)
    words_left = iter(words)
    with click.Context(app) as context:
        for word in words_left:
            if word.startswith("-") and word != "-":
                if word.split("=")[0] not in options:
                    return word
                if word in ("-o", "--output", "--server", "--api-key"):
                    next(words_left, None)
            elif isinstance(command, click.Group):
                found = command.get_command(context, word)
                if found is None:
                    return word
                command = found
                options |= _options(command)
    return None


def _options(command: click.Command) -> set[str]:
    with click.Context(command) as context:
        parameters = command.get_params(context)
    return {
        option
        for parameter in parameters
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_options_in_the_text_exist(page: Path) -> None:
    unknown = [f"{where} → {word}" for where, words in calls(page) if (word := unknown_word(words))]
    assert unknown == []


@pytest.mark.parametrize("words", [["routers", "lst"], ["routers", "list", "--gone"], ["gone"]])
def test_a_command_or_option_that_is_gone_is_noticed(words: list[str]) -> None:
    assert unknown_word(words) == words[-1]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "benches/README.md"], ids=name)
def test_what_the_text_has_made_is_a_target(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = {found[1] or found[2] for found in _MAKE.finditer(page.read_text())}
    assert asked - targets == set()


def test_metrics_that_pages_name_are_in_the_reference() -> None:
    table = [
        line for line in (ROOT / "docs/reference/metrics.md").read_text().splitlines() if line[:1] == "|"
    ]
    known = {found for line in table for found in _METRIC.findall(line)}
    named = {
        _PARTS_OF_HISTOGRAMS.sub("", found)
        for page in PAGES
        for found in _METRIC.findall(page.read_text())
        if not found.startswith(_RECEIPT)
    }
    assert named - known == set()
