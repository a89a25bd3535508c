"""Proves that each Rust crate depends only on the layers below it, and that only the top one names pyo3."""

import json
import subprocess
import sys

LAYERS = (
    "pointsman-core",
    "pointsman-gateway",
    "pointsman-lake",
    "pointsman-journal",
    "pointsman-inference",
    "pointsman-wire",
    "pointsman-policy",
    "pointsman-model",
)
"""Top to bottom: a crate may use only those to its right."""

PURE = {"pointsman-policy": "no I/O, no async", "pointsman-model": "no I/O, no async"}
"""Crates that decide and describe; nothing that opens a socket or a file belongs to them."""

IMPURE_DEPENDENCIES = {"hyper", "tokio", "tonic", "reqwest", "socket2", "mio"}


def read_packages() -> dict[str, set[str]]:
    """Answers the direct, non-development dependencies of each package of the workspace.

    Raises:
        subprocess.CalledProcessError: cargo refused, for example because Cargo.lock is not current.
    """
    command = ["cargo", "metadata", "--format-version=1", "--no-deps", "--locked"]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {
        package["name"]: {d["name"] for d in package["dependencies"] if d["kind"] != "dev"}
        for package in metadata["packages"]
    }


def find_violations(packages: dict[str, set[str]]) -> list[str]:
    """Answers one sentence for each dependency that points upwards or sideways."""
    violations = []
    for position, crate in enumerate(LAYERS):
        dependencies = packages.get(crate, set())
        violations += [
            f"{crate} depends on {above}, which is above it; the order is {' → '.join(LAYERS)}"
            for above in LAYERS[: position + 1]
            if above in dependencies
        ]
        if crate != LAYERS[0] and "pyo3" in dependencies:
            violations.append(f"{crate} depends on pyo3; only {LAYERS[0]} may")
        if crate in PURE:
            violations += [
                f"{crate} depends on {impure}; it is to have {PURE[crate]}"
                for impure in sorted(dependencies & IMPURE_DEPENDENCIES)
            ]
    return violations


def main() -> int:
    """Prints what is wrong; answers the exit code."""
    violations = find_violations(read_packages())
    for violation in violations:
        print(f"rust layers: {violation}", file=sys.stderr)
    if not violations:
        print("rust layers: kept")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
