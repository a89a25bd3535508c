"""The data plane over the Rust extension: the only place that imports ``pointsman._core``."""

from pointsman.dataplane.config import build_config
from pointsman.dataplane.core import NativeCore
from pointsman.dataplane.engine import OfflineEngine
from pointsman.dataplane.onnx_library import find_onnx_library
from pointsman.dataplane.replica import AddressInUseError, InvalidServerConfigError, LocalReplica

__all__ = [
    "AddressInUseError",
    "InvalidServerConfigError",
    "LocalReplica",
    "NativeCore",
    "OfflineEngine",
    "build_config",
    "find_onnx_library",
]
