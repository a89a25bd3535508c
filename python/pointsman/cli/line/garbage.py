"""Keeps the garbage collector from looking through what stays: modules, classes and functions.

While a program imports, hundreds of thousands of objects come and none goes; at its end, the interpreter
would look through all of them once more. For a server both together take as long as half of its start.
"""

from __future__ import annotations

import gc
import sys

_WHILE_STARTING = 100_000
"""Objects that come, less those that go, before the collector looks; 700 unless it is told."""
_USUAL = gc.get_threshold()


def look_seldom() -> None:
    """Lets the collector look seldom, from the start of a program on."""
    gc.set_threshold(_WHILE_STARTING, *_USUAL[1:])


def look_as_usual() -> None:
    """Lets the collector look at what comes from here on, as often as usual; for programs that stay."""
    gc.freeze()
    gc.set_threshold(*_USUAL)


def look_no_more() -> None:
    """Leaves everything as it is: the program ends, and its memory goes with it.

    DuckDB complains on standard error of whatever of it is left then: where it is used, all goes in order.
    """
    if "duckdb" in sys.modules:
        gc.unfreeze()
    else:
        gc.freeze()
