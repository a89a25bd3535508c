"""Proves of the three wheels in a folder that they can be installed in one place, and the client's alone.

``python scripts/check_wheels.py DIR``: no file is in both the server's and the client's, the client's is
pure Python that needs grpcio and protobuf only, the drift library's holds that alone, and the server's
requires both at its own version.
"""

import argparse
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

CLIENT_NEEDS = {"googleapis-common-protos", "grpcio", "protobuf"}
CLIENT_ROOTS = {"pointsman/client", "pointsman/v1", "pointsman/__init__.py", "pointsman/py.typed"}
MAX_SERVER_BYTES = 60 * 2**20


def read_wheel(path: Path) -> tuple[set[str], Message]:
    """Answers the files of a wheel, without its metadata's, and the metadata."""
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        return {name for name in names if ".dist-info/" not in name}, message_from_bytes(wheel.read(metadata))


def find_faults(client: Path, server: Path) -> list[str]:
    """Answers one line for each thing that is not as it shall be.

    Args:
        client: The wheel of ``pointsman-client``.
        server: The wheel of ``pointsman``.
    """
    client_files, client_data = read_wheel(client)
    server_files, server_data = read_wheel(server)
    faults = client_faults(client)
    faults += [f"{name}: it is in both wheels" for name in sorted(client_files & server_files)]
    pin = f"pointsman-client=={server_data['Version']}"
    if pin not in (server_data.get_all("Requires-Dist") or []):
        faults.append(f"{server.name}: it does not require {pin}")
    if client_data["Version"] != server_data["Version"]:
        faults.append(f"{client.name}: its version is not that of {server.name}")
    if "-abi3-" not in server.name or "pointsman/_core.abi3.so" not in server_files:
        faults.append(f"{server.name}: it has no extension for every Python")
    if server.stat().st_size > MAX_SERVER_BYTES:
        faults.append(f"{server.name}: {server.stat().st_size} bytes; was it stripped?")
    return faults


def library_faults(library: Path, server: Path) -> list[str]:
    """Answers one line for each fault of the drift library's wheel, and of what asks for it."""
    files, data = read_wheel(library)
    _, server_data = read_wheel(server)
    faults = [
        f"{library.name}: {name} is no part of the library"
        for name in sorted(files)
        if not name.startswith("pointsman_drift/")
    ]
    needs = [
        need for need in server_data.get_all("Requires-Dist") or [] if need.startswith("pointsman-drift")
    ]
    if [need.partition("==")[2].partition(";")[0].strip() for need in needs] != [data["Version"]]:
        faults.append(f"{server.name}: it does not require version {data['Version']} of {library.name}")
    return faults


def client_faults(client: Path) -> list[str]:
    """Answers one line for each thing that is not as it shall be in the client's wheel."""
    files, data = read_wheel(client)
    faults = [
        f"{client.name}: {name} is no part of the client"
        for name in sorted(files)
        if not any(name == root or name.startswith(f"{root}/") for root in CLIENT_ROOTS)
    ]
    faults += [
        f"{client.name}: {root} is missing" for root in sorted(CLIENT_ROOTS) if not _holds(files, root)
    ]
    needs = {
        need.split(";")[0].strip().partition(">")[0].partition("<")[0].strip()
        for need in data.get_all("Requires-Dist") or []
        if "extra ==" not in need
    }
    if needs != CLIENT_NEEDS:
        faults.append(f"{client.name}: it requires {', '.join(sorted(needs))}")
    if not client.name.endswith("-py3-none-any.whl"):
        faults.append(f"{client.name}: it is not pure Python")
    return faults


def _holds(files: set[str], root: str) -> bool:
    return any(name == root or name.startswith(f"{root}/") for name in files)


def main() -> int:
    """Checks; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where make wheels put them")
    folder: Path = parser.parse_args().folder
    found = {
        name: sorted(folder.glob(f"{name}-*.whl"))
        for name in ("pointsman_client", "pointsman_drift", "pointsman")
    }
    for name, wheels in found.items():
        if len(wheels) != 1:
            print(f"wheels: {len(wheels)} of {name} in {folder}, not one", file=sys.stderr)
            return 1
    clients, libraries, servers = found.values()
    faults = find_faults(clients[0], servers[0]) + library_faults(libraries[0], servers[0])
    for fault in faults:
        print(f"wheels: {fault}", file=sys.stderr)
    if not faults:
        sizes = ", ".join(
            f"{path.name} {path.stat().st_size / 2**20:.1f} MB" for path in (*clients, *libraries, *servers)
        )
        print(f"wheels: {sizes}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
