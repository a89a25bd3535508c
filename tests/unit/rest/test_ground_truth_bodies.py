"""The one file of a form, however its bytes come."""

import asyncio
import random

import pytest

from pointsman.rest.ground_truth.bodies import file_of
from pointsman.rest.ground_truth.requests import format_of_part
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
        ({"content-disposition": 'form-data; filename="a.dat"', "content-type": "text/csv"}, "", "csv"),
    ],
)
def test_the_query_says_the_format_else_the_name_else_the_type(headers, asked, form):
    assert format_of_part(headers, asked) == form


def test_a_format_that_nothing_says_is_asked_for():
    with pytest.raises(ProblemError, match="add the parameter format"):
        format_of_part({}, "")
