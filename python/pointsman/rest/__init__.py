"""The HTTP port: health, readiness and metrics."""

from pointsman.rest.app import ServerState, create_app

__all__ = ["ServerState", "create_app"]
