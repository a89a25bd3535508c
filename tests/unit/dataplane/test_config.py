import json
import os
import sys
from pathlib import Path

import pytest

from pointsman.dataplane import build_config, find_onnx_library
from pointsman.dataplane.config import resolve
from pointsman.errors import InvalidArgumentError
from pointsman.settings import Limits, Settings


def test_the_configuration_says_all_that_the_settings_say() -> None:
    settings = Settings(grpc="127.0.0.1:0", threads=3, limits=Limits(max_connections=5))
    config = json.loads(
        build_config(settings, data_dir=Path("/d"), control_socket=Path("/d/s"), onnx_library=None)
    )
    assert set(config) == {
        "grpc_address",
        "threads",
        "data_dir",
        "control_socket",
        "onnx_library",
        "server_version",
        "log_level",
        "log_format",
        "forward_metadata",
        "limits",
        "journal",
    }
    assert (config["threads"], config["control_socket"], config["onnx_library"]) == (3, "/d/s", None)
    assert config["limits"]["max_connections"] == 5
    assert config["journal"]["lake_dir"] == "/d/lake"


def test_no_threads_means_one_for_each_processor() -> None:
    config = json.loads(build_config(Settings(), data_dir=Path("/d"), control_socket=None, onnx_library=None))
    assert config["threads"] >= 1
    assert config["control_socket"] is None


def test_a_machine_of_many_processors_gets_as_many_threads_as_the_data_plane_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(384)))
    config = json.loads(build_config(Settings(), data_dir=Path("/d"), control_socket=None, onnx_library=None))
    assert config["threads"] == 256


def test_the_onnx_library_is_found_without_importing_its_package() -> None:
    loaded = "onnxruntime" in sys.modules
    library = find_onnx_library()
    assert library is not None
    assert library.name.startswith("libonnxruntime.so")
    assert ("onnxruntime" in sys.modules) == loaded


def test_host_names_become_addresses() -> None:
    assert resolve("127.0.0.1:8500") == "127.0.0.1:8500"
    assert resolve("[::1]:8500") == "[::1]:8500"
    assert resolve("localhost:8500") in {"127.0.0.1:8500", "[::1]:8500"}


def test_a_name_without_an_address_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"grpc: 'nowhere\.invalid' has no address"):
        resolve("nowhere.invalid:8500")
