"""The data plane over the Rust extension: the only place that imports ``pointsman._core``."""

from pointsman.dataplane.config import build_config
from pointsman.dataplane.core import AddressInUseError, CoreDataPlane, InvalidServerConfigError
from pointsman.dataplane.onnx_library import find_onnx_library

__all__ = [
    "AddressInUseError",
    "CoreDataPlane",
    "InvalidServerConfigError",
    "build_config",
    "find_onnx_library",
]
