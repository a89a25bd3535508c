"""Writes the Python stubs of ``pointsman.v1``, and the descriptors of the Open Inference Protocol.

``python scripts/generate_python.py [--output-root DIR]`` re-runs itself through ``uv`` in an
environment of its own. grpcio-tools is pinned on purpose: newer generated code refuses to import
beside clients that hold an older protobuf runtime.

A check writes to another output root and compares.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

GRPCIO_TOOLS = "grpcio-tools==1.75.*"
SOURCE_ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("pointsman", "v1")
PROTOCOL = "inference/grpc_service.proto"
PROTOCOL_DESCRIPTORS = Path("pointsman", "rest", "open_inference", "schema.binpb")
"""No stubs: they would meet those of the protocol's clients in one process."""


def run_in_own_environment(arguments: list[str]) -> int:
    """Runs this script again where grpcio-tools can be imported.

    Args:
        arguments: The command line, passed on as it is.

    Returns:
        The exit code of that run.
    """
    uv = os.environ.get("UV", "uv")
    command = [uv, "run", "--no-project", "--with", GRPCIO_TOOLS]
    return subprocess.call([*command, "python", __file__, "--inside", *arguments])


def generate(output_root: Path) -> None:
    """Writes the stubs of every file in ``proto/pointsman/v1``, and the protocol's descriptors.

    Args:
        output_root: The folder that gets ``python/pointsman``.

    Raises:
        SystemExit: The compiler refused a file.
    """
    import grpc_tools
    from grpc_tools import protoc

    target = output_root / "python"
    package = target / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    files = sorted(str(path) for path in (SOURCE_ROOT / "proto" / PACKAGE).glob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    code = protoc.main(
        [
            "protoc",
            f"--proto_path={SOURCE_ROOT / 'proto'}",
            f"--proto_path={well_known}",
            f"--python_out={target}",
            f"--pyi_out={target}",
            f"--grpc_python_out={target}",
            *files,
        ]
    )
    if code != 0:
        raise SystemExit(code)
    (target / PROTOCOL_DESCRIPTORS).parent.mkdir(parents=True, exist_ok=True)
    descriptors = f"--descriptor_set_out={target / PROTOCOL_DESCRIPTORS}"
    code = protoc.main(["protoc", f"--proto_path={SOURCE_ROOT / 'proto'}", descriptors, PROTOCOL])
    if code != 0:
        raise SystemExit(code)
    for stub in package.glob("*_pb2_grpc.py"):
        if not re.search(r"^class \w+Servicer\b", stub.read_text(), flags=re.MULTILINE):
            stub.unlink()
    (package / "__init__.py").write_text(
        '"""The generated messages and services of ``pointsman.v1``; see ``proto/pointsman/v1``."""\n'
    )


def main() -> int:
    """Reads the command line and writes the stubs.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=SOURCE_ROOT)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        return run_in_own_environment(sys.argv[1:])
    generate(arguments.output_root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
