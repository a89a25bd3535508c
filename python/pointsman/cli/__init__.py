"""The ``pointsman`` command.

Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrongly called. Heavy modules are imported
by the commands that use them, so that help and completion answer at once.
"""

from pointsman.cli.app import app, main

__all__ = ["app", "main"]
