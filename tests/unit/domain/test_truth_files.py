"""Files of outcomes, read part by part: rows with their lines, and what is wrong with the others."""

import json
import random

import pytest

from pointsman.domain.drift.truth_files import (
    MAX_ROW_BYTES,
    FilePlace,
    TruthFormat,
    missing_columns,
    read_part,
)

CSV, TSV, JSON = TruthFormat.CSV, TruthFormat.TSV, TruthFormat.JSON_LINES
HEAD = b"entity_id,actual_outcome,outcome_timestamp\n"
NOON = "2026-06-01T12:00:00Z"
NOON_US = 1_780_315_200_000_000


def read(content, kind=CSV):
    part = read_part(kind, FilePlace(), content, is_last=True)
    rows = [(row.line, row.entity_id, row.outcome, row.time_us) for row in part.rows]
    return rows, [(fault.line, fault.field, fault.description) for fault in part.faults]


def faults(content, kind=CSV):
    return read(content, kind)[1]


def test_rows_have_the_lines_where_they_begin():
    content = HEAD + f'ann,yes,{NOON}\n\n"bob\nthe second",no,\ncid,"a ""quoted"" word",\n'.encode()
    assert read(content) == (
        [
            (2, "ann", "yes", NOON_US),
            (4, "bob\nthe second", "no", None),
            (6, "cid", 'a "quoted" word', None),
        ],
        [],
    )


@pytest.mark.parametrize(
    "content",
    [
        b"entityId,actualOutcome\r\nann,yes\r\n",
        b"actual_outcome,entity_id\nyes,ann",
        b"\xef\xbb\xbfentity_id,actual_outcome\nann,yes\n",
    ],
    ids=["the names and line ends of others", "another order, and no last line end", "a byte order mark"],
)
def test_what_spreadsheets_write_is_read(content):
    assert read(content) == ([(2, "ann", "yes", None)], [])


def test_tabs_stand_between_cells_where_that_is_said():
    assert read(b"entity_id\tactual_outcome\nann\ta,b\n", TSV) == ([(2, "ann", "a,b", None)], [])


def test_json_lines_say_what_tables_say_and_types_beside():
    lines = [
        {"entity_id": "ann", "actual_outcome": True},
        {"entityId": 7, "actualOutcome": 2, "outcomeTimestamp": NOON},
        {"entity_id": "cid", "actual_outcome": "ö", "outcome_timestamp": None},
    ]
    content = "\n\n".join(map(json.dumps, lines)).encode()
    assert read(content, JSON) == (
        [(1, "ann", True, None), (3, "7", 2.0, NOON_US), (5, "cid", "ö", None)],
        [],
    )


@pytest.mark.parametrize(
    ("row", "field", "told"),
    [
        (b"ann", "", "has 1 cells, and the first line 3"),
        (b"ann,yes,,more", "", "has 4 cells"),
        (b"ann,yes,yesterday", "outcome_timestamp", "is not a time"),
        (b"ann,yes,2026-06-01T12:00:00", "outcome_timestamp", "names no zone"),
        (b"ann,caf\xe9,", "actual_outcome", "is not UTF-8"),
        (b'"ann"x,yes,', "", "is no CSV"),
        (b"ann,y\res,", "", "carriage return"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_line_and_field_and_the_others_are_read(row, field, told):
    rows, found = read(HEAD + b"ann,yes,\n" + row + b"\nbob,no,\n")
    assert [line for line, *_ in rows] == [2, 4]
    assert [(line, name) for line, name, _ in found] == [(3, field)]
    assert told in found[0][2]


@pytest.mark.parametrize(
    ("row", "field", "told"),
    [
        (b"{", "", "is no JSON"),
        (b"[1]", "", "is no object"),
        (b'{"entity_id": "a", "entityId": "b"}', "entity_id", "stands there twice"),
        (b'{"entity_id": "a", "wrong": 1}', "wrong", "is not known"),
        (b'{"entity_id": "a", "\\ud800": 1}', "\\ud800", "is not known"),
        (b'{"entity_id": ["a"]}', "entity_id", "is no text"),
        (b'{"entity_id": "a", "actual_outcome": NaN}', "", "NaN is no number of JSON"),
        (b'{"entity_id": "a", "actual_outcome": 9007199254740993}', "actual_outcome", "2^53"),
        (b'{"entity_id": "a", "actual_outcome": "\\ud800"}', "actual_outcome", "is not UTF-8"),
        (b'{"entity_id": "caf\xe9", "actual_outcome": 1}', "entity_id", "is not UTF-8"),
        (
            b'{"entity_id": "a", "outcome_timestamp": true}',
            "outcome_timestamp",
            "neither a text nor a number",
        ),
        (b"[" * 100_000, "", "is no JSON"),
    ],
)
def test_a_line_that_is_wrong_is_told_with_line_and_field_and_the_others_are_read(row, field, told):
    good = b'{"entity_id": "ann", "actual_outcome": 1}\n'
    rows, found = read(good + row + b"\n" + good, JSON)
    assert [line for line, *_ in rows] == [1, 3]
    assert [(line, name) for line, name, _ in found] == [(2, field)]
    assert told in found[0][2] or "too many lists" in found[0][2]


@pytest.mark.parametrize(
    ("head", "field", "told"),
    [
        (b"entity_id;actual_outcome", "", "';' stands between the names"),
        (b"entity_id\tactual_outcome", "", "'\\t' stands between the names"),
        (b"entity_id,outcome", "outcome", "is no column of outcomes"),
        (b"entity_id,actual_outcome,entityId", "entity_id", "stands there twice"),
        (b"entity_id,outcome_timestamp", "actual_outcome", "is missing"),
        (b"ann,yes", "ann", "is no column"),
        (b"\xff\xfee\x00", "", "UTF-16"),
    ],
)
def test_a_first_line_that_names_no_columns_ends_the_file(head, field, told):
    part = read_part(CSV, FilePlace(), head + b"\nann,yes\n", is_last=True)
    assert part.is_hopeless
    assert not part.rows
    assert (part.faults[0].line, part.faults[0].field) == (1, field)
    assert told in part.faults[0].description


@pytest.mark.parametrize("row", [b"a" * MAX_ROW_BYTES, b'"' + b"ann,yes\n" * MAX_ROW_BYTES])
def test_a_row_without_an_end_ends_the_file(row):
    part = read_part(CSV, FilePlace(), HEAD + b"ann,yes,\n" + row, is_last=False)
    assert part.is_hopeless
    assert part.faults[-1].line == 3
    assert "is longer than" in part.faults[-1].description


def test_a_quote_that_is_not_closed_is_told_at_the_end():
    assert faults(HEAD + b'ann,"yes,\n') == [(2, "", "has a quote that is not closed before the file ends")]


def test_a_file_without_a_line_lacks_its_columns():
    part = read_part(CSV, FilePlace(), b"", is_last=True)
    missing = missing_columns(CSV, part.place)
    assert missing is not None
    assert "the file is empty" in missing.description
    assert missing_columns(JSON, part.place) is None


@pytest.mark.parametrize("kind", [CSV, JSON])
def test_however_a_file_is_cut_it_says_the_same(kind):
    draw = random.Random(14)
    texts = ["ann", "b,ö", 'c"d', "e\nf", "g\r\nh", "", "ÿ" * 30]
    values = [(draw.choice(texts[:-1]), draw.choice(texts), draw.choice(["", NOON])) for _ in range(60)]
    if kind is CSV:
        cells = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in values]
        content = HEAD + "\r\n".join(cells).encode()
    else:
        names = ("entity_id", "actual_outcome", "outcome_timestamp")
        content = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in values).encode()
    whole = read_part(kind, FilePlace(), content, is_last=True)
    assert len(whole.rows) == 60
    for _ in range(30):
        place, rows = FilePlace(), []
        end = 0
        while end < len(content):
            end = min(len(content), end + draw.randrange(1, 200))
            part = read_part(kind, place, content[place.byte : end], is_last=end == len(content))
            assert not part.faults, part.faults
            rows += part.rows
            place = part.place
        assert rows == whole.rows
        assert (place.byte, place.columns) == (len(content), whole.place.columns)
