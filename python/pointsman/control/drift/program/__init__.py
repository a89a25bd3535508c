"""The program of one analysis: ``python -m pointsman.control.drift.program``."""
