"""Writes everything that is generated, or proves that what is checked in is current.

``python scripts/generate.py`` writes; ``--check`` writes to a scratch folder and compares. Each generator
takes an output root and fills the same paths below it.
"""

import argparse
import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parent.parent
OUTPUTS = (
    "router_core/crates/wire/src/generated",
    "python/pointsman/v1",
    "python/pointsman/client/_sync/*.py",
    "docs/reference/settings.md",
    "docs/reference/cli.md",
    "docs/reference/definitions.md",
    "python/pointsman/definitions/schema.json",
    "python/pointsman/rest/open_inference/schema.binpb",
    "python/pointsman/rest/openapi.json",
    "python/pointsman/store/migrations/new_sqlite.sql",
)


def run_generators(output_root: Path) -> None:
    """Runs all generators.

    Args:
        output_root: The folder below which they write.

    Raises:
        subprocess.CalledProcessError: One failed; it has said why.
    """
    root = str(output_root)
    commands = (
        [
            "cargo",
            "run",
            "--quiet",
            "--locked",
            "--package",
            "pointsman-codegen",
            "--",
            root,
            str(SOURCE_ROOT),
        ],
        [sys.executable, "scripts/generate_python.py", "--inside", "--output-root", root],
        # Before the command's page: the command uses the client.
        [sys.executable, "scripts/generate_client.py", "--output-root", root],
        [sys.executable, "scripts/generate_settings.py", "--output-root", root],
        [sys.executable, "scripts/generate_cli.py", "--output-root", root],
        [sys.executable, "-m", "scripts.generate_definitions", "--output-root", root],
        [sys.executable, "-m", "scripts.generate_openapi", "--output-root", root],
        [sys.executable, "scripts/generate_tables.py", "--output-root", root],
    )
    for command in commands:
        subprocess.run(command, check=True, cwd=SOURCE_ROOT)


def list_files(root: Path, output: str) -> set[str]:
    """Answers the files of one output, a file, a folder or a pattern, relative to the root."""
    files = (file for path in root.glob(output) for file in ([path] if path.is_file() else path.rglob("*")))
    return {
        str(file.relative_to(root)) for file in files if file.is_file() and "__pycache__" not in file.parts
    }


def find_differences(fresh_root: Path) -> list[str]:
    """Answers one line for each file that is stale, missing or no longer generated."""
    differences = []
    for output in OUTPUTS:
        fresh, kept = list_files(fresh_root, output), list_files(SOURCE_ROOT, output)
        differences += [f"{name}: missing" for name in sorted(fresh - kept)]
        differences += [f"{name}: nothing generates it any more" for name in sorted(kept - fresh)]
        differences += [
            f"{name}: stale"
            for name in sorted(fresh & kept)
            if not filecmp.cmp(fresh_root / name, SOURCE_ROOT / name, shallow=False)
        ]
    return differences


def main() -> int:
    """Writes or checks; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        run_generators(SOURCE_ROOT)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        run_generators(Path(scratch))
        differences = find_differences(Path(scratch))
    for difference in differences:
        print(f"generated: {difference}; run make generate", file=sys.stderr)
    if not differences:
        print("generated: current")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
