"""The program that draws a report: ``python -m pointsman.control.drift.drawing``.

Charts are drawn by an engine for JavaScript, which takes memory for as long as its process lives, and a crash
of which would take a server with it.
"""
