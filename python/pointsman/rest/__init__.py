"""The HTTP port: health, readiness and metrics, and the API as JSON."""

from pointsman.rest.api import api_routes
from pointsman.rest.app import ServerState, create_app

__all__ = ["ServerState", "api_routes", "create_app"]
