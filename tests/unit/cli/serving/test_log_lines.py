import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from pointsman.cli.serving.log_formats import log_format
from pointsman.cli.serving.log_lines import TextLines, quoted
from pointsman.cli.serving.logs import set_up_logs

PLAIN = TextLines(has_colours=False)
TIME = "2026-11-29T08:00:00.123456Z"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _own_log() -> Iterator[None]:
    """The log of the tests comes back afterwards."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.mark.parametrize(
    ("wanted", "stream", "environment", "used"),
    [
        ("auto", Terminal(), {}, "coloured_text"),
        ("auto", Terminal(), {"NO_COLOR": "1"}, "text"),
        ("auto", Terminal(), {"NO_COLOR": ""}, "coloured_text"),
        ("auto", Terminal(), {"TERM": "dumb"}, "text"),
        ("auto", io.StringIO(), {}, "json"),
        ("text", io.StringIO(), {}, "text"),
        ("text", Terminal(), {}, "coloured_text"),
        ("json", Terminal(), {}, "json"),
    ],
)
def test_people_get_text_and_programs_json(
    wanted: str, stream: io.StringIO, environment: dict[str, str], used: str
) -> None:
    assert log_format(wanted, stream, environment) == used


def test_a_line_begins_with_its_time_and_level() -> None:
    event = {"timestamp": TIME, "level": "warning", "event": "call failed", "logger": "pointsman.control"}
    assert PLAIN(None, "", {**event, "code": "UNAVAILABLE", "calls": 3}) == (
        "2026-11-29 08:00:00 warning  call failed  code=UNAVAILABLE  calls=3"
    )
    assert PLAIN(None, "", {**event, "level": "info"}) == "2026-11-29 08:00:00 info     call failed"


def test_lines_of_others_say_whose_they_are() -> None:
    event = {"timestamp": TIME, "level": "error", "event": "oh", "logger": "uvicorn.error"}
    assert PLAIN(None, "", event) == "2026-11-29 08:00:00 error    oh  target=uvicorn.error"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # The same texts stand in the tests of the data plane's log_lines.rs.
        ("127.0.0.1:8500", "127.0.0.1:8500"),
        ("größer", "größer"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "hi"', r'"say \"hi\""'),
        ("C:\\x", r'"C:\\x"'),
        ("a\nb\r\tc", r'"a\nb\r\tc"'),
        ("\x1b[31mred", r'"\u001b[31mred"'),
        ("\x9b1m\x7f", r'"\u009b1m\u007f"'),
        ("a\u2028b\u202ec", r'"a\u2028b\u202ec"'),
        # Only Python has these.
        ("\ud800", r'"\ud800"'),
        (True, "true"),
        (0.5, "0.5"),
        (["a", 1], r'"[\"a\", 1]"'),
        (ValueError("a\nb"), r'"a\nb"'),
    ],
)
def test_values_stay_within_their_line(value: object, text: str) -> None:
    assert quoted(value) == text


def test_a_message_makes_no_second_line() -> None:
    event = {"timestamp": TIME, "level": "error", "event": "a\n2026 forged\x1b[2J", "logger": "pointsman"}
    assert PLAIN(None, "", event) == r"2026-11-29 08:00:00 error    a\n2026 forged\u001b[2J"


def test_colours_are_written_for_terminals_alone() -> None:
    event = {"timestamp": TIME, "level": "warning", "event": "m", "logger": "pointsman"}
    assert TextLines(has_colours=True)(None, "", event) == (
        "\x1b[2m2026-11-29 08:00:00\x1b[0m \x1b[33mwarning\x1b[0m  \x1b[1mm\x1b[0m"
    )


@pytest.mark.usefixtures("_own_log")
def test_a_traceback_is_readable_and_looks_like_no_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "text")
    try:
        raise ValueError("broken\n2026-11-29 08:00:00 info  forged\x1b[2J")
    except ValueError:
        structlog.get_logger("pointsman.test").exception("call failed", request_id="r-1")
    written = capsys.readouterr().err
    first, *below = written.splitlines()
    assert re.fullmatch(r"[\d-]{10} [\d:]{8} error    call failed  request_id=r-1", first)
    assert len(below) > 3
    assert all(line.startswith("    ") for line in below)
    assert "\x1b" not in written


@pytest.mark.usefixtures("_own_log")
def test_text_lines_come_from_libraries_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "text")
    logging.getLogger("uvicorn.error").warning("slow %s", "client\n")
    assert re.fullmatch(
        r"[\d-]{10} [\d:]{8} warning  slow client\\n  target=uvicorn.error\n", capsys.readouterr().err
    )


@pytest.mark.usefixtures("_own_log")
def test_json_lines_have_the_names_of_the_data_plane(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    structlog.get_logger("pointsman.test").warning("careful", path="/x")
    line = json.loads(capsys.readouterr().err)
    assert list(line) == ["timestamp", "level", "message", "path", "target"]
    assert (line["level"], line["message"], line["target"]) == ("WARN", "careful", "pointsman.test")
