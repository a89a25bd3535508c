"""Answers HTTP with JSON by calls of the public gRPC port, as the annotations of the protos say.

Nothing here knows a service by name: which path is which method, what of a message stands in the path, the
query and the body, and what a success is called, all of it is read from descriptors. As a client of the
public port it has no rights of its own: keys, scopes, limits, deadlines and the audit are those of the call
that it makes.
"""

from pointsman.rest.transcoding.bindings import Binding, read_bindings
from pointsman.rest.transcoding.bodies import BodyBudget
from pointsman.rest.transcoding.exchanges import Gateway
from pointsman.rest.transcoding.public_port import PublicPort
from pointsman.rest.transcoding.routes import TranscodedRoute

__all__ = ["Binding", "BodyBudget", "Gateway", "PublicPort", "TranscodedRoute", "read_bindings"]
