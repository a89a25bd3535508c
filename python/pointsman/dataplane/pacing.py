"""How the work of a program leaves its processor to others, by the core."""

import contextlib
from collections.abc import Iterator

from pointsman import _core


@contextlib.contextmanager
def pacing() -> Iterator[None]:
    """Has the calling thread rest half of the time within, for as long as others want its processor.

    What it does then takes some times as long, so that it is to hold nothing that others wait for: the
    database's lock, say. Where nobody wants the processor it goes on without rests.
    """
    try:
        paced = _core.begin_pacing()
    except OSError:
        # Slower calls are better than no result.
        yield
        return
    try:
        yield
    finally:
        paced.end()
