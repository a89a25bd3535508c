import json
import math
from datetime import timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandContext, OutputFormat
from pointsman.cli.output import printing
from pointsman.cli.output.tables import ELLIPSIS, format_table, print_table, shortened, text_width

ID = "0190a1f2-7b3c-7def-8123-456789abcdef"


def lines_of(
    headings: list[str], rows: list[list[str]], width: int | None = 80, wide: bool = False
) -> list[str]:
    return format_table(headings, rows, width=width, wide=wide)[0]


def test_a_table_that_fits_is_as_wide_as_its_cells() -> None:
    assert lines_of(["#ROUTER", ">CALLS"], [["cancer", "7"], ["c", "1200"]]) == [
        "ROUTER  CALLS",
        "cancer      7",
        "c        1200",
    ]


def test_prose_is_shortened_before_ids_are() -> None:
    lines, is_cut = format_table(["#ID", "NOTE"], [[ID, "a note that goes on " * 5]], width=60)
    assert is_cut
    assert lines[1].startswith(ID)
    assert lines[1].endswith(ELLIPSIS)
    assert max(map(len, lines)) <= 60


def test_an_id_that_leaves_the_rest_no_room_has_a_line_of_its_own() -> None:
    signed = "x" * 72
    lines, is_cut = format_table(["#TIME", "NOTE", "!ID"], [["10:00", "a note", signed]], width=80)
    assert lines == ["TIME   NOTE", "  ID", "10:00  a note", f"  {signed}"]
    assert not is_cut
    assert lines_of(["!ID", "NOTE", ">CALLS"], [[signed, "a note", "7"]]) == [
        "ID",
        "  NOTE    CALLS",
        signed,
        "  a note      7",
    ]


def test_an_id_stays_in_its_row_where_prose_can_make_room() -> None:
    _, line = lines_of(["NOTE", "!ID"], [["n" * 60, ID]], width=60)
    assert line.endswith(ID)
    assert ELLIPSIS in line


@given(
    rows=st.lists(st.lists(st.text("ab", min_size=1, max_size=60), min_size=4, max_size=4), min_size=1),
    width=st.integers(min_value=20, max_value=120),
)
def test_ids_are_whole_however_narrow_the_terminal_is(rows: list[list[str]], width: int) -> None:
    words = " ".join(lines_of(["!A", "B", "#C", "!D"], rows, width=width)).split()
    assert all(row[0] in words and row[3] in words for row in rows)


@pytest.mark.parametrize(("cells", "heading"), [(["", "", ""], "A"), (["", "x", ""], "A  B")])
def test_an_optional_column_is_left_out_where_it_is_empty_in_every_row(
    cells: list[str], heading: str
) -> None:
    rows = [["a", cell] for cell in cells]
    for wide in (False, True):
        assert lines_of(["A", "?B"], rows, wide=wide)[0] == heading


def test_of_two_long_columns_the_longer_is_shortened() -> None:
    (_, line), _ = format_table(["A", "B"], [["x" * 60, "y" * 20]], width=50)
    assert line.count("x") < 60
    assert "y" * 20 in line


def test_wide_shows_all_columns_and_whole_cells() -> None:
    headings, rows = ["#ID", "+OWNER", "NOTE"], [[ID, "ann", "n" * 100]]
    assert "ann" not in lines_of(headings, rows)[1]
    assert lines_of(headings, rows, width=None, wide=True)[1] == f"{ID}  ann    {'n' * 100}"


def test_text_of_others_stays_in_its_cell() -> None:
    (_, line), _ = format_table(["A", "B"], [["one\ntwo\x1b[31m", "b"]])
    assert line == "one\\ntwo\\x1b[31m  b"


def test_characters_of_two_places_keep_columns_aligned() -> None:
    _, wide, narrow = lines_of(["A", "B"], [["日本", "x"], ["abcd", "x"]])
    assert text_width(wide) == len(narrow)


@given(
    rows=st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), min_size=1, max_size=5),
    width=st.integers(min_value=30, max_value=120),
)
def test_no_line_is_wider_than_asked_for(rows: list[list[str]], width: int) -> None:
    assert all(text_width(line) <= width for line in lines_of(["A", "#B", ">C"], rows, width=width))


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_what_is_shortened_says_so(text: str, width: int) -> None:
    short = shortened(text, width)
    assert text_width(short) <= width
    assert short == text or short.endswith(ELLIPSIS)


@pytest.mark.parametrize(
    ("columns", "wide", "whole"), [("80", False, False), ("80", True, True), ("", False, True)]
)
def test_cells_are_whole_in_a_pipe_and_with_wide(
    monkeypatch: pytest.MonkeyPatch, columns: str, wide: bool, whole: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    root = commandline.Group(name="x")

    def show(context: commandline.Context) -> None:
        context.find_root().obj = CommandContext("", "", OutputFormat.TABLE, wide)
        print_table(["#ID", "NOTE"], [[ID, "n" * 100]])

    root.command("show")(show)
    result = CliRunner().invoke(root, ["show"])
    assert ("n" * 100 in result.stdout) is whole
    assert ("--wide shows them whole" in result.stderr) is not whole


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0%"), (1, "100%"), (0.7, "70%"), (1 / 3, "33.3%"), (0.0001, "<0.1%"), (0.99999, ">99.9%")],
)
def test_a_share_is_rounded_but_never_to_all_or_nothing(share: float, written: str) -> None:
    assert printing.percent(share) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0.00 ms"),
        (0.00031, "0.31 ms"),
        (0.01234, "12.3 ms"),
        (0.5, "500 ms"),
        (0.9996, "1.00 s"),
        (75, "75.0 s"),
    ],
)
def test_a_duration_has_three_digits(seconds: float, written: str) -> None:
    assert printing.milliseconds(seconds) == written


@pytest.mark.parametrize(
    ("number", "written"), [(1.0, "1"), (0.123456, "0.1235"), (123456.7, "123457"), (1234567.0, "1234567")]
)
def test_a_figure_has_four_digits_and_all_that_are_whole(number: float, written: str) -> None:
    assert printing.rounded(number) == written


@pytest.mark.parametrize(
    ("number", "written"), [(1.0, "1"), (1234567.0, "1234567"), (0.1234567, "0.1234567")]
)
def test_a_value_keeps_all_its_digits(number: float, written: str) -> None:
    assert printing.exact(number) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"),
        (0.0, "0"),
        (-0.0, "-0.0"),
        (0.5, "0.5"),
        (1e300, "1e+300"),
        (2.0**53, "9007199254740992.0"),
        (2**63 + 1, "9223372036854775809"),
        (True, "true"),
        (math.nan, '"NaN"'),
        (math.inf, '"Infinity"'),
        (-math.inf, '"-Infinity"'),
        (timedelta(seconds=2), "2"),
        (timedelta(milliseconds=2500), "2.5"),
    ],
)
def test_numbers_in_json_are_whole_where_they_are_and_always_json(
    value: object, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    printing.print_json({"of": [value]})
    assert capsys.readouterr().out == f'{{\n  "of": [\n    {written}\n  ]\n}}\n'


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_stays_the_same_in_json(value: float) -> None:
    read = json.loads(printing.compact(value))
    assert read == value
    assert math.copysign(1, read) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("value", "written"), [(math.nan, "NaN"), (-math.inf, "-Infinity"), ([1.0, math.nan], '[1, "NaN"]')]
)
def test_what_is_no_finite_number_can_be_shown(value: object, written: str) -> None:
    assert printing.shown(value) == written
