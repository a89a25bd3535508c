"""Puts the tests' folders into memory, where there is room: databases wait for a disk at every commit.

What a lost disk does is played by the file layer of the test build and by small disks that tests mount; none
of it depends on where these folders are. What is measured, the tests marked ``alone``, stays on the disk.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest makes its folders; whoever sets it is obeyed."""
MEMORY = Path("/dev/shm")
LEAST_BYTES = 4 << 30
"""A whole run leaves some hundred megabytes, and pytest keeps three; containers often have 64 MB there."""


def has_room(folder: Path, least_bytes: int = LEAST_BYTES) -> bool:
    """Answers whether tests can write so much into a folder, and run what they write."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize >= least_bytes and not facts.f_flag & os.ST_NOEXEC


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("markexpr") != "alone" and VARIABLE not in os.environ and has_room(MEMORY):
        os.environ[VARIABLE] = str(MEMORY)


def short_folder() -> str:
    """Answers where servers have folders whose paths must be short: in memory, where the tests' own are."""
    return str(MEMORY) if os.environ.get(VARIABLE) == str(MEMORY) else "/tmp"
