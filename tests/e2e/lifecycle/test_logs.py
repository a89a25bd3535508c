"""The log of a real server: for people on a terminal, for programs elsewhere; and its lines of failures."""

import json
import os
import pty
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from stage.control import Control
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import START_SECONDS, STOP_SECONDS, Server, command, environment
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (debug  |info   |warning|error  )  \S.*")
COLOUR = re.compile(r"\x1b\[\d+m")
FAILING_CALLS = 20


class TerminalServer:
    """A server whose standard error is a terminal."""

    def __init__(self, folder: Path, settings: dict[str, str], *arguments: str, **variables: str) -> None:
        ours, theirs = pty.openpty()
        kept = {name: value for name, value in environment(settings).items() if name != "NO_COLOR"}
        self.process = subprocess.Popen(
            command("serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            cwd=folder,
            env={**kept, "TERM": "xterm", **variables},
        )
        os.close(theirs)
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read, args=[ours])
        self._reader.start()

    def _read(self, ours: int) -> None:
        # The terminal of a process that ended is an error, not an end.
        try:
            while part := os.read(ours, 65_536):
                self._shown += part
        except OSError:
            pass
        finally:
            os.close(ours)

    def lines(self) -> list[str]:
        return self._shown.decode().replace("\r\n", "\n").splitlines()

    def end(self) -> list[str]:
        """Ends it once it serves; answers all lines."""
        try:
            eventually(self._serves, START_SECONDS, "the control plane's line")
            self.process.terminate()
            assert self.process.wait(STOP_SECONDS) == 0, self.lines()
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join()
        return self.lines()

    def _serves(self) -> bool:
        assert self.process.poll() is None, self.lines()
        return any("data_dir=" in COLOUR.sub("", line) or '"data_dir"' in line for line in self.lines())


def test_a_terminal_gets_coloured_lines_of_one_form_from_both_planes(tmp_path: Path) -> None:
    lines = TerminalServer(tmp_path, {}).end()
    logged = [COLOUR.sub("", line) for line in lines if COLOUR.search(line)]
    assert [line for line in logged if not LINE.fullmatch(line)] == []
    assert any("serving  address=" in line for line in logged), "the data plane's"
    assert any("serving  grpc=" in line for line in logged), "the control plane's"
    assert not any(line.startswith("{") for line in lines)


def test_a_terminal_gets_no_colours_where_none_are_wanted(tmp_path: Path) -> None:
    lines = TerminalServer(tmp_path, {}, NO_COLOR="1").end()
    assert "\x1b" not in "".join(lines)
    assert sum(bool(LINE.fullmatch(line)) for line in lines) >= 2


def test_a_flag_goes_over_the_environment_on_a_terminal(tmp_path: Path) -> None:
    lines = TerminalServer(tmp_path, {"log_format": "text"}, "--log-format", "json").end()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert {line["target"].split("::")[0] for line in logged} >= {"pointsman_gateway", "pointsman.server"}
    assert not any(LINE.fullmatch(line) for line in lines)


def test_a_file_gets_json_unless_text_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    server = Server(tmp_path / "json", is_fork=False)
    server.end()
    assert sum(line.startswith('{"timestamp"') for line in server.log().splitlines()) >= 2
    (tmp_path / "text").mkdir()
    server = Server(tmp_path / "text", settings={"log_format": "text"}, is_fork=False)
    server.end()
    assert sum(bool(LINE.fullmatch(line)) for line in server.log().splitlines()) >= 2
    assert "\x1b" not in server.log()


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[tuple[Server, Control]]:
    """A server on one thread with two routers whose backend went away."""
    server = Server(tmp_path, arguments=["--threads", "1"])
    backend = RecordingBackend()
    control = Control(server.grpc)
    try:
        for router_id in ("cancer", "loans"):
            control.route(router_id, {"only": backend.target}, allow_single=True)
        backend.close()
        yield server, control
    finally:
        control.close()
        server.end()


def test_a_failing_router_is_one_line_and_not_one_for_each_call(failing: tuple[Server, Control]) -> None:
    server, _ = failing
    with grpc.insecure_channel(server.grpc) as channel:
        for router_id in ("cancer", "loans"):
            for number in range(FAILING_CALLS):
                request = infer_request(router_id)
                with pytest.raises(grpc.RpcError):
                    infer(channel, request, metadata=(("authorization", f"Bearer secret-{number}"),))
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    failed = [line for line in lines if line["message"] == "call failed"]
    kinds = [(line["feature_flag.key"], line["rpc.grpc.status"]) for line in failed]
    assert {router_id for router_id, _ in kinds} == {"cancer", "loans"}
    # One each; a machine that stops for ten seconds meanwhile may see a second one.
    assert len(kinds) < FAILING_CALLS
    assert all((line["level"], line["feature_flag.result.variant"]) == ("WARN", "only") for line in failed)
    # Who reads them knows which backend it is, and what is wrong with it.
    assert all(line["reason"].startswith("variant only: ") for line in failed)
    assert all(line["backend"].rpartition(":")[2].isdecimal() for line in failed)
    assert "secret-" not in server.log()


def test_failures_before_a_router_is_decided_are_logged_once_each_while_they_go_on(tmp_path: Path) -> None:
    server = Server(tmp_path, arguments=["--threads", "1"], settings={"limits__max_message_bytes": "65536"})
    request = infer_request("nobody")
    request.raw_input_contents.append(b"x" * 100_000)
    with grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        for _ in range(5):
            with pytest.raises(grpc.RpcError) as caught:
                infer(channel, request)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    server.end()
    written = [json.loads(line) for line in server.log().splitlines() if '"call failed"' in line]
    [line] = written
    assert line["rpc.grpc.status"] == "RESOURCE_EXHAUSTED"
    assert line["rpc.method"] == "/inference.GRPCInferenceService/ModelInfer"
    assert "65536" in line["reason"]
