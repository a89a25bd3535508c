"""Uploads of files that are named on the command line, with progress where they take a while."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pointsman.client import Client, UploadedFile

_SHOWN_AFTER_SECONDS = 2.0


def check_file(file: Path, option: str, option_at_server: str) -> None:
    """Checks that a file is here, before anything is asked of the server.

    Args:
        file: What was typed.
        option: The option that it was typed after.
        option_at_server: The option for files that the server has.

    Raises:
        commandline.BadParameter: There is no such file on this machine.
    """
    if not file.is_file():
        fault = "is no file" if file.exists() else "no such file"
        raise commandline.BadParameter(
            f"{file}: {fault} on this machine; one that the server has in <data-dir>/models is named by "
            f"{option_at_server}",
            param_hint=option,
        )


def upload(client: Client, file: Path, sha256: str) -> UploadedFile:
    """Uploads a file.

    Args:
        client: Where to.
        file: The file.
        sha256: The digest that it must have; empty for any.

    Raises:
        CommandError: The file cannot be read, or is another one.
    """
    try:
        with _progress() as told:
            return client.models.upload(file, sha256=sha256, on_progress=told)
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise CommandError(str(error)) from error


def sentence(uploaded: UploadedFile) -> str:
    """Says which file is used, and where it is."""
    how = "the server had it already as" if uploaded.was_there else "uploaded as"
    return f"{uploaded.size_bytes:,} bytes, SHA-256 {uploaded.sha256}, {how} {uploaded.path}"


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Answers what is told how far an upload is; it shows that once the upload has taken some seconds."""
    started = time.monotonic()
    shown = 0
    advance: Callable[[int], None] | None = None
    with contextlib.ExitStack() as stack:

        def tell(received: int, total: int) -> None:
            nonlocal advance, shown
            if advance is None:
                if time.monotonic() - started < _SHOWN_AFTER_SECONDS:
                    return
                advance = stack.enter_context(printing.progress("uploading", "bytes", total))
            advance(received - shown)
            shown = received

        yield tell
