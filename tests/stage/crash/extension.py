"""The test build of the extension: its files forget what was not synced, and it dies at named points."""

import importlib.util
import os
import sys
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

NAME = "pointsman._core"
BUILD = "cargo build --locked -p pointsman-core --features fault-injection"
_ROOT = Path(__file__).resolve().parents[3]


def find() -> Path:
    """Answers where the test build is.

    Raises:
        FileNotFoundError: It was not built; the message says how to.
    """
    target = Path(os.environ.get("CARGO_TARGET_DIR", _ROOT / "target")) / "debug"
    # `cargo build` puts it there, `cargo test` leaves it among the dependencies.
    places = [target / "lib_core.so", target / "deps" / "lib_core.so"]
    if named := os.environ.get("POINTSMAN_TEST_EXTENSION"):
        places = [Path(named)]
    built = [place for place in places if place.is_file()]
    if not built:
        raise FileNotFoundError(f"no test build of the extension at {places[0]}; run: {BUILD}")
    return max(built, key=lambda place: place.stat().st_mtime)


def load(path: Path) -> None:
    """Loads the test build in the place of the installed extension, which must not be loaded yet."""
    assert NAME not in sys.modules, f"{NAME} is loaded already"
    loader = ExtensionFileLoader(NAME, str(path))
    spec = importlib.util.spec_from_file_location(NAME, path, loader=loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[NAME] = module
    import pointsman

    pointsman._core = module  # type: ignore[attr-defined]
