"""Drift: what the calls of its service do, and the program that analyses."""
