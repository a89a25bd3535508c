"""Writes answers to standard output."""
