"""Routers: what they are now, and what they were."""
