"""Calls of a model in the lake, its answers and outcomes: what drift reads."""
