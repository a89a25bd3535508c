"""Threads that count what another one reads."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pyarrow as pa

from pointsman_drift.counting.parts import Part
from pointsman_drift.counting.sums import Numbers

_MOST = 16
_BEHIND = 2
"""So many batches may wait for each thread."""
Add = Callable[[Sequence[pa.Array], Numbers], None]


def processors() -> int:
    """Answers how many processors this process may use, of very many 16."""
    return min(
        _MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


@contextmanager
def counting(parts: Sequence[Part], threads: int) -> Iterator[Add]:
    """Gives what adds a batch to all parts; when the block ends, everything is added.

    Each part belongs to one thread, so that none waits for a lock; numpy leaves the interpreter to others.

    Args:
        parts: The columns.
        threads: How many; with 1 the caller counts.
    """
    shares = [parts[place::threads] for place in range(min(threads, len(parts)))]
    if len(shares) < 2:
        yield lambda columns, numberings: _add(parts, columns, numberings)
        return
    with ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in shares]
        waiting: deque[list[Future[None]]] = deque()

        def add(columns: Sequence[pa.Array], numberings: Numbers) -> None:
            waiting.append(
                [
                    pool.submit(_add, share, columns[place::threads], numberings)
                    for place, (pool, share) in enumerate(zip(pools, shares, strict=True))
                ]
            )
            while len(waiting) > _BEHIND:
                _finish(waiting.popleft())

        yield add
        while waiting:
            _finish(waiting.popleft())


def _add(parts: Sequence[Part], columns: Sequence[pa.Array], numberings: Numbers) -> None:
    for part, column in zip(parts, columns, strict=True):
        part.add(column, numberings)


def _finish(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        future.result()
