"""The tutorials, worked through from the first command to the last."""

import contextlib
import json
import os
import sys
from pathlib import Path

import pytest

from stage import grpcurl
from stage.page_run import PageRun
from stage.pages import read
from stage.ports import free_ports
from stage.server import environment

DOCS = Path(__file__).resolve().parents[3] / "docs"
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_model_of_ones_own_goes_the_way_of_its_tutorial(tmp_path: Path, wheel: Path) -> None:
    grpc, http = (f"127.0.0.1:{port}" for port in free_ports(2))
    settings = environment({"server": grpc})
    settings["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{settings['PATH']}"
    page = PageRun(
        tmp_path / "clone",
        settings,
        replaced={
            "127.0.0.1:8500": grpc,
            "127.0.0.1:8501": http,
            "install --quiet pointsman-client": f"install --quiet --disable-pip-version-check {wheel}",
        },
        alike=("linear", "boosted"),
        python="client/bin/python",
    )
    with contextlib.closing(page):
        page.run(read(DOCS / "tutorials/your-own-model.md"))


@pytest.mark.timeout(900)
def test_the_first_router_is_made_as_its_tutorial_says(tmp_path: Path) -> None:
    """MLServer comes from PyPI, by uv, as readers get it."""
    grpc, http, *mlserver = free_ports(5)
    programs = tmp_path / "programs"
    programs.mkdir()
    grpcurl.put_stand_in(programs)
    settings = environment({"server": f"127.0.0.1:{grpc}"})
    settings["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), str(programs), settings["PATH"]])
    # MLServer's interpreter is another one, and takes nothing of this one's.
    tied = ("VIRTUAL_ENV", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
    settings = {name: value for name, value in settings.items() if name not in tied}
    names = ("http_port", "grpc_port", "metrics_port")
    usual = {"host": "127.0.0.1", "parallel_workers": 0}
    page = PageRun(
        tmp_path / "clone",
        settings,
        replaced={
            "127.0.0.1:8500": f"127.0.0.1:{grpc}",
            "127.0.0.1:8501": f"127.0.0.1:{http}",
            "127.0.0.1:8081": f"127.0.0.1:{mlserver[1]}",
            json.dumps(usual): json.dumps({**usual, **dict(zip(names, mlserver, strict=True))}),
        },
        alike=("lr", "gb"),
    )
    with contextlib.closing(page):
        page.run(read(DOCS / "tutorials/first-router.md"))
