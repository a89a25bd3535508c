"""Files, folders and standard input: what they hold together, and every fault with its place."""

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from pointsman.cli.app import app
from pointsman.definitions.files import read_files
from pointsman.definitions.tree import MAX_FILE_BYTES

from .test_yaml_traps import MODEL, ROUTER


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.yml").write_text(ROUTER)
    (tmp_path / "a.yaml").write_text(MODEL)
    (tmp_path / "notes.txt").write_text("not: [read")
    (tmp_path / ".b.yml").write_text("not: [read")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "c.json").write_text(
        json.dumps([{"apiVersion": "pointsman/v1", "kind": "Model", "model_id": "cancer", "version": "2"}])
    )
    return tmp_path


def kinds(found):
    assert not found.faults, [str(fault) for fault in found.faults]
    return [document.kind for document in found.documents]


def run(*arguments, **more):
    return CliRunner().invoke(app, list(arguments), **more)


def test_a_folder_stands_for_its_files_in_order(folder):
    assert kinds(read_files([str(folder)])) == ["Model", "Router"]
    assert kinds(read_files([str(folder)], recursive=True)) == ["Model", "Router", "Model"]
    assert kinds(read_files([str(folder / "inner"), str(folder / "b.yml")])) == ["Model", "Router"]


def test_a_file_is_read_once(folder):
    assert kinds(read_files([str(folder / "b.yml")] * 2)) == ["Router"]


@pytest.mark.parametrize("content", [ROUTER, json.dumps({"kind": "Router"})])
def test_standard_input_is_yaml_or_json(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    found = read_files(["-"])
    assert [document.kind for document in found.documents] == ["Router"]
    assert all(fault.place.file == "stdin" for fault in found.faults)


def test_a_pipe_is_yaml_or_json(tmp_path):
    pipe = tmp_path / "63"
    os.mkfifo(pipe)
    for content in (ROUTER, json.dumps([{"kind": "Router"}])):
        writing = threading.Thread(target=pipe.write_text, args=(content,))
        writing.start()
        assert [document.kind for document in read_files([str(pipe)]).documents] == ["Router"]
        writing.join()


def test_a_file_that_cannot_be_read_hides_no_other(folder):
    (folder / "c.yaml").write_text("a: [1\n")
    (folder / "d.yaml").write_bytes(b"a: 1\nb: \xff\n")
    (folder / "e.yaml").write_text(f"{ROUTER}sticky: no\n")
    found = read_files([str(folder), str(folder / "missing.yaml"), str(folder / "notes.txt")])
    assert [(fault.place.file.rpartition("/")[2], fault.place.line) for fault in found.faults] == [
        ("c.yaml", 2),
        ("d.yaml", 2),
        ("e.yaml", 7),
        ("missing.yaml", 1),
        ("notes.txt", 1),
    ]
    assert [document.kind for document in found.documents] == ["Model", "Router", "Router"]


def test_files_are_bounded(tmp_path):
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    (fault,) = read_files([str(large)]).faults
    assert f"more than {MAX_FILE_BYTES} bytes" in str(fault)


def test_nothing_at_all_is_a_fault(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert "holds no definition" in str(read_files([str(tmp_path)]).faults[0])
    (tmp_path / "inner").mkdir()
    assert "holds no file" in str(read_files([str(tmp_path / "inner")]).faults[0])


def test_validate_needs_no_server_and_tells_file_line_and_field(folder):
    good = run("validate", "-f", str(folder), "-R")
    assert (good.exit_code, good.stdout) == (0, "3 definitions are valid\n")
    bad = folder / "z.yaml"
    bad.write_text(
        ROUTER.replace("weight: 70", "weight: 170").replace("router_id: cancer", "router_id: other")
    )
    told = run("validate", "-f", str(folder))
    assert told.exit_code == 1
    assert told.stderr == (
        f"error: {bad}:5:62: variants[0].weight: 170 is above 100; "
        "weights are relative, 0 to 100: make all of them smaller\n"
        "1 fault; nothing is changed\n"
    )


def test_targets_are_checked_as_the_server_does(folder):
    bad = folder / "m.yaml"
    bad.write_text(MODEL.replace('"1"', '"3"') + "backend:\n  grpc:\n    target: http://host\n")
    told = run("validate", "-f", str(folder))
    assert told.exit_code == 1
    assert f"error: {bad}:7:13: backend.grpc.target: " in told.stderr


def test_the_example_of_the_page_is_valid(folder):
    page = Path(__file__).parents[3] / "docs/how-to/definitions.md"
    example = page.read_text().split("```yaml\n")[1].split("```")[0]
    (folder / "example.yaml").write_text(example)
    told = run("validate", "-f", str(folder / "example.yaml"))
    assert told.stdout == "3 definitions are valid\n", told.stderr


def test_what_is_wrong_between_files_is_told_in_the_second(folder):
    twice = folder / "y.yaml"
    twice.write_text(ROUTER)
    told = run("validate", "-f", str(folder))
    assert told.exit_code == 1
    assert f"error: {twice}:3:12: router_id: 'cancer' is also {folder / 'b.yml'}:1:1; leave" in told.stderr


def test_a_server_that_does_not_answer_is_trouble_and_no_difference(folder):
    arguments = ("--server", "127.0.0.1:1", "-f", str(folder / "b.yml"))
    assert run("apply", *arguments).exit_code == 1
    told = run("diff", *arguments)
    assert told.exit_code == 2
    assert "no pointsman server answers" in told.stderr


def test_a_broken_file_is_trouble_to_diff(folder):
    (folder / "c.yaml").write_text("a: [1\n")
    told = run("diff", "-f", str(folder))
    assert told.exit_code == 2
    assert "c.yaml:2:1: is no YAML" in told.stderr


def test_the_schema_is_written(folder):
    assert json.loads(run("schema").stdout)["title"] == "A definition of pointsman"
