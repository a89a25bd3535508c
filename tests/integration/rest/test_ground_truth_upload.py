"""Files of outcomes over HTTP: whole or not at all, with what is wrong said by line and field."""

import json
import socket
import sqlite3
import time

import pytest

from stage.server import Server
from stage.waiting import eventually

from .conftest import Http

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

MODEL = "uploaded"
PATH = f"/api/v1/drift/ground-truth/upload?modelId={MODEL}"
HEAD = "entity_id,actual_outcome,outcome_timestamp\n"
NOON = "2026-06-01T12:00:00Z"
CSV = "text/csv; charset=utf-8"


@pytest.fixture(scope="module", autouse=True)
def _model(http_: Http) -> None:
    registered = http_("POST", f"/api/v1/models/{MODEL}/versions", {"version": "1"})
    assert registered.status == 201, registered.body


def rows(prefix: str, count: int) -> str:
    return HEAD + "".join(f"{prefix}{number},approved,{NOON}\n" for number in range(count))


def outcomes(server: Server, prefix: str) -> int:
    """Outcomes that can be seen, as the database has them."""
    database = sqlite3.connect(f"file:{server.data_dir / 'pointsman.db'}?mode=ro", uri=True)
    found = database.execute(
        "SELECT count(*) FROM drift_truths AS t"
        " LEFT JOIN drift_truth_uploads AS u ON u.row_key = t.upload_key"
        " WHERE (t.upload_key = 0 OR u.place IS NOT NULL) AND t.entity_id LIKE ? || '%'",
        (prefix,),
    ).fetchone()[0]
    database.close()
    return int(found)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        (CSV, rows("csv", 3)),
        ("text/tab-separated-values", rows("tsv", 3).replace(",", "\t")),
        (
            "application/x-ndjson",
            "\n".join(
                json.dumps({"entityId": f"json{number}", "actualOutcome": "yes", "outcomeTimestamp": NOON})
                for number in range(3)
            ),
        ),
        (
            "multipart/form-data; boundary=limit",
            '--limit\r\nContent-Disposition: form-data; name="file"; filename="outcomes.csv"\r\n'
            f"Content-Type: application/octet-stream\r\n\r\n{rows('form', 3)}\r\n--limit--\r\n",
        ),
    ],
)
def test_a_file_is_taken_in_each_of_its_forms(http_: Http, content_type: str, content: str) -> None:
    answer = http_("POST", PATH, content.encode(), content_type=content_type)
    assert answer.status == 200, answer.body
    counts = {"inserted": 3, "corrected": 0, "repeated": 0, "rowCount": 3}
    assert answer.json() | counts == answer.json()
    again = http_("POST", PATH, content.encode(), content_type=content_type).json()
    assert (again["inserted"], again["repeated"]) == (0, 3)


def test_a_file_that_takes_many_parts_is_taken_whole(server: Server, http_: Http) -> None:
    answer = http_("POST", PATH, rows("many", 30_000).encode(), content_type=CSV)
    assert answer.json()["inserted"] == 30_000
    assert outcomes(server, "many") == 30_000


def test_a_bad_row_in_the_middle_is_told_with_its_line_and_nothing_is_kept(
    server: Server, http_: Http
) -> None:
    half = rows("half", 15_000)
    content = half + "half,approved,tomorrow\n" + half.removeprefix(HEAD)
    answer = http_("POST", PATH, content.encode(), content_type=CSV)
    assert answer.status == 400
    problem = answer.json()
    assert problem["reason"] == "ROWS_REFUSED"
    assert [one["field"] for one in problem["violations"]] == ["lines[15002].outcome_timestamp"]
    assert "'tomorrow' is not a time" in problem["detail"]
    assert outcomes(server, "half") == 0


def test_a_hundred_bad_rows_are_told(http_: Http) -> None:
    answer = http_("POST", PATH, (HEAD + ",approved,\n" * 50_000).encode(), content_type=CSV)
    assert answer.status == 400
    assert len(answer.json()["violations"]) == 100
    assert answer.json()["violations"][99]["field"] == "lines[101].entity_id"


def test_what_a_client_that_goes_away_has_sent_is_never_seen(server: Server, http_: Http) -> None:
    address, _, port = server.http.partition(":")
    content = rows("gone", 30_000).encode()
    with socket.create_connection((address, int(port))) as connection:
        connection.sendall(
            f"POST {PATH} HTTP/1.1\r\nHost: {server.http}\r\nContent-Type: text/csv\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
        )
        connection.sendall(content[:-10])

        def begun() -> bool:
            database = sqlite3.connect(f"file:{server.data_dir / 'pointsman.db'}?mode=ro", uri=True)
            found = database.execute("SELECT 1 FROM drift_truths WHERE entity_id = 'gone1'").fetchone()
            database.close()
            return found is not None

        eventually(begun, 20.0, "some of it is stored")
    assert outcomes(server, "gone") == 0
    assert http_("POST", PATH, content, content_type=CSV).json()["inserted"] == 30_000


@pytest.mark.parametrize(
    ("path", "content_type", "status", "told"),
    [
        (PATH, "application/json", 415, "Content-Type 'application/json' is not taken"),
        (PATH, "text/csv; charset=latin-1", 415, "UTF-8"),
        (PATH.partition("?")[0], CSV, 400, "modelId: is missing"),
        (PATH + "&format=xml", CSV, 400, "'xml' is none of csv"),
        (PATH + "&delimiter=;", CSV, 400, "delimiter: is no parameter"),
        (PATH.replace(MODEL, "nobody"), CSV, 404, "nobody"),
        (PATH, "multipart/form-data", 400, "names no boundary"),
        (PATH, "multipart/form-data; boundary=other", 400, "no form with one file"),
    ],
)
def test_a_request_that_is_wrong_is_refused(
    http_: Http, path: str, content_type: str, status: int, told: str
) -> None:
    answer = http_("POST", path, rows("wrong", 2).encode(), content_type=content_type)
    assert answer.status == status, answer.body
    assert told in answer.json()["detail"]


def test_other_methods_are_refused_with_the_one_that_is_taken(http_: Http) -> None:
    answer = http_("GET", PATH)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_file_over_the_limit_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Server(tmp_path_factory.mktemp("small"), settings={"ground_truth__max_file_bytes": "5000"})
    try:
        http_ = Http(server.http)
        http_("POST", f"/api/v1/models/{MODEL}/versions", {"version": "1"})
        answer = http_("POST", PATH, rows("long", 1000).encode(), content_type=CSV)
        assert answer.status == 413, answer.body
        assert answer.json()["reason"] == "UPLOAD_TOO_LARGE"
        assert "ground_truth.max_file_bytes" in answer.json()["detail"]
    finally:
        server.end()


def test_an_upload_may_take_longer_than_a_request(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Server(tmp_path_factory.mktemp("slow"), settings={"http_limits__request_seconds": "1"})
    try:
        http_ = Http(server.http)
        http_("POST", f"/api/v1/models/{MODEL}/versions", {"version": "1"})
        address, _, port = server.http.partition(":")
        with socket.create_connection((address, int(port)), timeout=30) as connection:
            connection.sendall(
                f"POST {PATH} HTTP/1.1\r\nHost: {server.http}\r\nContent-Type: text/csv\r\n"
                "Transfer-Encoding: chunked\r\n\r\n".encode()
            )
            for line in rows("slow", 3).splitlines(keepends=True):
                connection.sendall(f"{len(line):x}\r\n{line}\r\n".encode())
                # Half of what a request may take: the file as a whole takes twice as long as that.
                time.sleep(0.5)
            connection.sendall(b"0\r\n\r\n")
            assert b"200 OK" in connection.recv(65_536)
    finally:
        server.end()
