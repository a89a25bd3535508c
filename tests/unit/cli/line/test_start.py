"""What the command imports before it does anything; a person waits for every module of it."""

import subprocess
import sys
from typing import Any

import pytest
from google.protobuf.message import Message

from pointsman.cli import app
from pointsman.v1 import prediction_pb2, router_pb2

SERVER_SIDE = {"alembic", "duckdb", "onnxruntime", "sqlalchemy", "starlette", "structlog", "uvicorn"}
FRAMEWORKS = {"pydantic", "rich", "typer"}
NUMBERS = {"numpy", "pandas", "pyarrow", "scipy"}
NEVER = SERVER_SIDE | FRAMEWORKS | NUMBERS
# A module that runs late has a name from the start; one below it tells whether it ran.
LATE = {"asyncio.events", "google.protobuf.text_format", "grpc.aio._base_call"}
CALLING = {"grpc", "google.protobuf", "pointsman.client"}

ANSWERS: list[tuple[list[str], str, Message]] = [
    (
        ["routers", "list"],
        "RouterService/ListRouters",
        router_pb2.ListRoutersResponse(routers=[router_pb2.Router(router_id="cancer")]),
    ),
    (["routers", "get", "cancer"], "RouterService/GetRouter", router_pb2.Router(router_id="cancer")),
    (
        ["routers", "metrics", "cancer"],
        "RouterService/GetRouterMetrics",
        router_pb2.RouterMetrics(variants=[router_pb2.VariantMetrics(variant="lr")]),
    ),
    (
        ["predict", "cancer", "-f", "x=1"],
        "PredictionService/Predict",
        prediction_pb2.PredictResponse(prediction_id="p1", variant="lr"),
    ),
]


PROGRAM = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, sep="\\n", file=sys.stderr))
from pointsman.cli import main
main()
"""


def imported(*arguments: str) -> set[str]:
    """Runs the command in a process of its own and answers the names of all that it imported."""
    line = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    return set(done.stderr.splitlines())


@pytest.mark.parametrize("arguments", [["--help"], ["routers", "--help"], ["routers", "list", "--help"]])
def test_help_imports_nothing_that_calls(arguments: list[str]) -> None:
    assert not imported(*arguments) & (NEVER | LATE | CALLING)


def test_a_command_imports_only_the_group_that_it_is_of() -> None:
    groups = {name for name in imported("routers", "list", "--help") if name.startswith("pointsman.cli.")}
    assert "pointsman.cli.routers.commands" in groups
    others = ("calls", "demo", "feedback", "keys", "metrics", "models", "predictions", "serve", "traffic")
    assert not groups & {f"pointsman.cli.{name}" for name in others}


@pytest.mark.parametrize(("arguments", "method", "answer"), ANSWERS)
def test_a_call_imports_only_what_calls(
    server: Any, arguments: list[str], method: str, answer: Message
) -> None:
    server.on(method, answer)
    found = imported(*arguments, "--server", server.address)
    assert found >= CALLING
    assert not found & (NEVER | LATE)


def test_a_server_that_is_away_is_told_without_more() -> None:
    line = [sys.executable, "-m", "pointsman", "routers", "list", "--server", "127.0.0.1:1"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no pointsman server answers at 127.0.0.1:1\n")


def test_what_runs_late_is_whole_when_it_is_used() -> None:
    program = (
        "from pointsman.cli.line import late\n"
        "late.start()\n"
        "import asyncio, grpc\n"
        "from pointsman.client import AsyncClient, UnavailableError\n"
        "async def call():\n"
        "    async with AsyncClient('127.0.0.1:1', timeout_seconds=1.0) as client:\n"
        "        try:\n"
        "            await client.routers.get('r')\n"
        "        except UnavailableError:\n"
        "            print('unavailable', grpc.aio.AioRpcError.__name__)\n"
        "asyncio.run(call())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("unavailable AioRpcError\n", "")


def test_every_command_is_where_the_root_says() -> None:
    import click

    def walk(group: click.Group, context: click.Context) -> list[str]:
        found = []
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None, name
            assert command.get_short_help_str(), name
            below = click.Context(command, info_name=name, parent=context)
            found += walk(command, below) if isinstance(command, click.Group) else [below.command_path]
        return found

    paths = walk(app, click.Context(app, info_name="pointsman"))
    assert len(paths) == len(set(paths)) > 30
