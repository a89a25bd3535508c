"""Takes files of outcomes over HTTP: a body of any length goes on to the public gRPC port part by part."""

from pointsman.rest.ground_truth.routes import ground_truth_routes

__all__ = ["ground_truth_routes"]
