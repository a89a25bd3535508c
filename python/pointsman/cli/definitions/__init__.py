"""Definitions kept in files."""
