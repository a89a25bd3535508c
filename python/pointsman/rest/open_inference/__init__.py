"""The Open Inference Protocol's REST: ``/v2/models/{model}/infer`` and what belongs to it.

Its JSON is not that of its gRPC messages, so it has a room of its own beside the transcoder. Like that, it
is a client of the public gRPC port.
"""

from pointsman.rest.open_inference.routes import open_inference_routes

__all__ = ["open_inference_routes"]
