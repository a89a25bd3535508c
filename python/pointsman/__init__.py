"""Routes calls to machine-learning models, remembers every decision, and learns from the feedback.

The parts that programs use are :mod:`pointsman.client` (call and administer a server) and the
``pointsman`` command.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
