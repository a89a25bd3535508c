"""Proves that no tracked file names a folder of one machine or a private package registry."""

import re
import subprocess
import sys
from pathlib import Path

MACHINE_PATH = re.compile(
    r"(?<![\w.$}/-])/(?:root|home/\w|Users/\w|work|tmp/setup|opt/wheels)(?:/|\b)(?=[\w.-]*)"
)
"""A folder that exists on somebody's machine only."""

REGISTRY_URL = re.compile(
    r'registry\s*=\s*"(?:sparse\+|registry\+)?https?://([^/"]+)|\burl\s*=\s*"https?://([^/"]+)'
)
PUBLIC_REGISTRIES = {"pypi.org", "files.pythonhosted.org", "github.com", "index.crates.io"}
LOCK_FILES = {"uv.lock", "Cargo.lock", "pyproject.toml"}


def list_tracked_files() -> list[Path]:
    """Answers what git tracks."""
    listing = subprocess.run(["git", "ls-files", "-z"], check=True, stdout=subprocess.PIPE).stdout
    return [Path(name) for name in listing.decode().split("\0") if name]


def find_violations(path: Path) -> list[str]:
    """Answers one line for each machine path or private registry in a text file; none for a binary one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return []
    violations = []
    for number, line in enumerate(text.splitlines(), start=1):
        found = MACHINE_PATH.search(line)
        if found and path != Path("scripts/check_portable.py"):
            violations.append(f"{path}:{number}: {found.group().strip()!r} exists on one machine only")
        if path.name in LOCK_FILES:
            for hosts in REGISTRY_URL.findall(line):
                host = hosts[0] or hosts[1]
                if host not in PUBLIC_REGISTRIES:
                    violations.append(
                        f"{path}:{number}: {host!r} is no public registry; lock against pypi.org or crates.io"
                    )
    return violations


def main() -> int:
    """Prints what is wrong; answers the exit code."""
    violations = [violation for path in list_tracked_files() for violation in find_violations(path)]
    for violation in violations:
        print(f"portable: {violation}", file=sys.stderr)
    if not violations:
        print("portable: no machine paths, public registries only")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
