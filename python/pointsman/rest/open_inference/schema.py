"""The protocol's gRPC messages, in a pool of their own.

Clients of other projects bring messages of the same names, and one pool holds each name once.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

FILE = Path(__file__).with_name("schema.binpb")
"""What ``proto/inference/grpc_service.proto`` says, written by ``make generate``."""

SERVICE = "/inference.GRPCInferenceService/"


@cache
def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(FILE.read_bytes()).file:
        pool.Add(file)
    return pool


@cache
def message_class(name: str) -> Any:
    """Answers the class of a message of the protocol, ``ModelInferRequest``."""
    return GetMessageClass(_pool().FindMessageTypeByName(f"inference.{name}"))
