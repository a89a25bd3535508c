"""Definitions brought into force: many objects in one change, or nothing."""
