"""The data plane over the Rust extension: the only place that imports ``pointsman._core``."""

from pointsman.dataplane.config import build_config
from pointsman.dataplane.core import AddressInUseError, CoreDataPlane, InvalidServerConfigError
from pointsman.dataplane.onnx_library import find_onnx_library
from pointsman.dataplane.replay import decide_again, read_kept_state

__all__ = [
    "AddressInUseError",
    "CoreDataPlane",
    "InvalidServerConfigError",
    "build_config",
    "decide_again",
    "find_onnx_library",
    "read_kept_state",
]
