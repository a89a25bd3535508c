"""Two real models share real traffic: trained, served, reweighted and compared before your eyes."""

from pointsman.demo.errors import DemoError
from pointsman.demo.story import run_demo

__all__ = ["DemoError", "run_demo"]
