"""What can go wrong, each with the column, what is wrong with it, and what to do.

- DriftError
  - InvalidTableError      a table cannot be read, or two cannot be compared
  - InvalidOptionError     an option has a value that means nothing
  - InvalidBaselineError   a saved baseline cannot be read
  - AlgorithmError         an algorithm is unknown, cannot be loaded, or failed
  - MissingPackageError    an optional package is not installed
"""


class DriftError(Exception):
    """Everything that this library raises on purpose."""


class InvalidTableError(DriftError, ValueError):
    """A table cannot be read, or cannot be compared with the other one."""


class InvalidOptionError(DriftError, ValueError):
    """An option has a value that means nothing."""


class InvalidBaselineError(DriftError, ValueError):
    """A saved baseline is none, is damaged, or is of another version."""


class AlgorithmError(DriftError):
    """An algorithm is unknown, cannot be loaded, or failed."""


class MissingPackageError(DriftError, ImportError):
    """An optional package is not installed."""
