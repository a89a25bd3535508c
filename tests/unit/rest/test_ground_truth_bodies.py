"""The one file of a form, however its bytes come."""

import asyncio
import random

import pytest

from pointsman.rest.ground_truth.bodies import file_of
from pointsman.rest.ground_truth.requests import format_of_part, media_type_of
from pointsman.rest.problems import ProblemError

TYPE = 'multipart/form-data; boundary="limit"'
HEAD = (
    b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n"
)
FILE = b"entity_id,actual_outcome\r\n--limi\r\nann,--limit\r\n\r\n"
FORM = HEAD + FILE + b"\r\n--limit--\r\n"


def read(pieces, content_type=TYPE):
    heads: list[object] = []

    async def body():
        for piece in pieces:
            yield piece

    async def whole():
        return b"".join([piece async for piece in file_of(body(), content_type, heads.append)])

    return asyncio.run(whole()), heads


def test_however_it_is_cut_the_file_is_the_same():
    draw = random.Random(14)
    for _ in range(200):
        cuts = sorted(draw.sample(range(1, len(FORM)), draw.randrange(0, 8)))
        pieces = [FORM[start:end] for start, end in zip([0, *cuts], [*cuts, len(FORM)], strict=True)]
        found, heads = read(pieces)
        assert found == FILE, pieces
        assert [head["content-type"] for head in heads] == ["text/csv"]


def test_byte_by_byte_and_empty_files_are_read():
    assert read([FORM[place : place + 1] for place in range(len(FORM))])[0] == FILE
    assert read([HEAD + b"\r\n--limit--"])[0] == b""


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (FORM, "multipart/form-data", "names no boundary"),
        (FORM, "multipart/form-data; boundary=other", "does not begin with its boundary"),
        (FORM[:-20], TYPE, "ends before its last boundary"),
        (FORM[:30], TYPE, "ends before its first part begins"),
        (HEAD + FILE + b"\r\n--limit\r\n\r\nmore\r\n--limit--", TYPE, "more than one part"),
        (b"--limit\r\nX: " + b"a" * 9000, TYPE, "longer than 8192 bytes"),
    ],
)
def test_what_is_no_form_with_one_file_is_refused(body, content_type, told):
    with pytest.raises(ProblemError, match=told):
        read([body], content_type)


@pytest.mark.parametrize(
    ("headers", "asked", "form"),
    [
        ({"content-disposition": 'form-data; filename="a.csv"'}, "json_lines", "json_lines"),
        ({"content-disposition": 'form-data; filename="A.TSV"', "content-type": "text/csv"}, "", "tsv"),
        ({"content-disposition": "form-data; filename*=UTF-8''%C3%A9.tsv"}, "", "tsv"),
        ({"content-disposition": "form-data; filename=a.jsonl"}, "", "json_lines"),
        ({"content-disposition": 'form-data; filename="a.dat"', "content-type": "text/csv"}, "", "csv"),
    ],
)
def test_the_query_says_the_format_else_the_name_else_the_type(headers, asked, form):
    assert format_of_part(headers, asked) == form


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("text/csv; charset=utf-8; header=present", "text/csv"),
        ("text/csv; header=present; charset=utf-8", "text/csv"),
        ("Text/CSV;header=present", "text/csv"),
        ('application/jsonl; Charset="UTF8"', "application/jsonl"),
        ("multipart/form-data; boundary=charset=latin-1", "multipart/form-data"),
    ],
)
def test_parameters_stand_in_any_order(content_type, media_type):
    assert media_type_of(content_type) == media_type


@pytest.mark.parametrize(
    "content_type",
    [
        "text/csv; CHARSET=iso-8859-1",
        "text/csv; header=present; charset=latin-1",
        "text/csv; charset=utf-8; charset=latin-1",
        "text/csv" + ";" * 60_000,
    ],
)
def test_another_charset_is_refused_however_it_is_written(content_type):
    with pytest.raises(ProblemError, match="in UTF-8"):
        media_type_of(content_type)


@pytest.mark.parametrize("named", ["Boundary=limit", "boundary='limit'", 'charset=utf-8; BOUNDARY="limit"'])
def test_the_boundary_is_read_as_other_parameters_are(named):
    limit = b"'limit'" if "'" in named else b"limit"
    assert read([FORM.replace(b"--limit", b"--" + limit)], f"multipart/form-data; {named}")[0]


def test_a_format_that_nothing_says_is_asked_for():
    with pytest.raises(ProblemError, match="add the parameter format"):
        format_of_part({}, "")
