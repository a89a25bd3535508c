"""``drift report`` writes a file and prints its path."""

from pathlib import Path
from typing import Any

import grpc
from click.testing import CliRunner, Result
from google.api.httpbody_pb2 import HttpBody

from pointsman.cli import app
from pointsman.v1 import drift_pb2

PAGE = HttpBody(content_type="text/html; charset=utf-8", data="<!DOCTYPE html><p>é</p>\r\n".encode())


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", "report", *arguments, "--server", server.address])


def test_the_page_is_written_as_it_is_and_its_path_printed(server: Any, tmp_path: Path) -> None:
    server.on("DriftService/GetDriftReport", PAGE)
    path = tmp_path / "report.html"
    path.write_text("an older one")
    result = run(server, "cancer", "--result", "r1", "--out", str(path))
    assert (result.exit_code, result.stdout) == (0, f"{path}\n"), result.output
    assert path.read_bytes() == PAGE.data
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
    (asked,) = server.asked("DriftService/GetDriftReport")
    assert (asked.model_id, asked.result_id, asked.format) == ("cancer", "r1", drift_pb2.REPORT_FORMAT_HTML)


def test_its_content_as_json_goes_to_the_file_or_to_standard_output(server: Any, tmp_path: Path) -> None:
    server.on("DriftService/GetDriftReport", HttpBody(content_type="application/json", data=b'{"a": 1}'))
    result = run(server, "cancer", "-o", "json")
    assert (result.exit_code, result.stdout) == (0, '{"a": 1}\n'), result.output
    path = tmp_path / "report.json"
    assert run(server, "cancer", "-o", "json", "--out", str(path)).stdout == f"{path}\n"
    assert path.read_text() == '{"a": 1}'
    assert {one.format for one in server.asked("DriftService/GetDriftReport")} == {
        drift_pb2.REPORT_FORMAT_JSON
    }


def test_a_page_needs_a_file(server: Any) -> None:
    result = run(server, "cancer")
    assert result.exit_code == 1
    assert "--out: name the file to write" in result.stderr
    assert server.asked("DriftService/GetDriftReport") == []


def test_a_file_that_cannot_be_written_is_named(server: Any, tmp_path: Path) -> None:
    server.on("DriftService/GetDriftReport", PAGE)
    path = tmp_path / "nowhere" / "report.html"
    result = run(server, "cancer", "--out", str(path))
    assert result.exit_code == 1
    assert f"{path}: cannot be written: No such file or directory" in result.stderr


def test_without_a_result_nothing_is_written(server: Any, refusal: Any, tmp_path: Path) -> None:
    said = "model 'cancer' has no result yet; Analyze makes one"
    server.on("DriftService/GetDriftReport", refusal(grpc.StatusCode.NOT_FOUND, said, "RESULT_NOT_FOUND"))
    result = run(server, "cancer", "--out", str(tmp_path / "report.html"))
    assert result.exit_code == 1
    assert "has no result yet" in result.stderr
    assert list(tmp_path.iterdir()) == []
