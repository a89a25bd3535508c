"""Canaries as messages."""

from pointsman.domain.strategies.canary import Canary
from pointsman.v1 import router_pb2


def read(message: router_pb2.Router, path: str) -> Canary:
    """Reads the settings of a canary router."""
    return Canary(message.canary.percent)


def write(message: router_pb2.Router, policy: Canary) -> None:
    """Writes the settings of a canary router into its message."""
    message.canary.percent = policy.percent
