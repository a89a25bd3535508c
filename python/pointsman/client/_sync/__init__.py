# Generated from _async/__init__.py by scripts/generate_client.py: edit that file, then make generate.
"""The client that waits for each answer, a class for each service."""
