"""Strategies as messages: a room for each, and one list of them."""
