"""The tutorials, worked through from the first command to the last."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

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
