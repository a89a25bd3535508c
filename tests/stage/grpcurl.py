"""grpcurl where it is installed, and `buf curl` in its place where it is not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PATH = os.pathsep.join(
    [
        os.environ.get("PATH", ""),
        str(ROOT / ".build" / "bin"),
        str(Path.home() / "go" / "bin"),
        str(Path(sys.executable).parent),
    ]
)
TIMEOUT_SECONDS = 40.0


def list_services(address: str) -> list[str]:
    """The services that reflection names."""
    if grpcurl := shutil.which("grpcurl", path=_PATH):
        return _run([grpcurl, "-plaintext", address, "list"]).split()
    return _run([*_buf_curl(), "--list-services", f"http://{address}"]).split()


def describe(address: str, service: str) -> list[str]:
    """The methods of a service, by reflection, as `package.Service.Method`."""
    if grpcurl := shutil.which("grpcurl", path=_PATH):
        return _run([grpcurl, "-plaintext", address, "list", service]).split()
    listed = _run([*_buf_curl(), "--list-methods", f"http://{address}"]).split()
    return [name.replace("/", ".") for name in listed if name.startswith(service + "/")]


def call(address: str, data: str, method: str) -> Any:
    """Calls a method with a message in JSON and answers the response in JSON."""
    if grpcurl := shutil.which("grpcurl", path=_PATH):
        return json.loads(_run([grpcurl, "-plaintext", "-d", data, address, method]))
    return json.loads(_run([*_buf_curl(), "-d", data, f"http://{address}/{method}"]))


def put_stand_in(folder: Path) -> None:
    """Puts a program `grpcurl` into a folder, for shells that look for one: the real one where it is."""
    program = folder / "grpcurl"
    if real := shutil.which("grpcurl", path=_PATH):
        program.symlink_to(real)
        return
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "$@"\n')
    program.chmod(0o755)


def _as_buf_curl(arguments: list[str]) -> list[str]:
    """What grpcurl was called with, as buf is called for the same."""
    assert arguments[:1] == ["-plaintext"], "only plain text here"
    *options, address, method = arguments[1:]
    if method == "list":
        return [*_buf_curl(), "--list-services", f"http://{address}"]
    return [*_buf_curl(), *options, f"http://{address}/{method}"]


def _buf_curl() -> list[str]:
    buf = shutil.which("buf", path=_PATH)
    assert buf, "neither grpcurl nor buf is installed"
    return [buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge"]


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, cwd="/"
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


if __name__ == "__main__":
    line = _as_buf_curl(sys.argv[1:])
    os.execv(line[0], line)
