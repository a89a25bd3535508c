"""Routers: what is changed about them, their deployments, allocations and history."""
