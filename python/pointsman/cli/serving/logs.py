"""Sets up the log on standard error, in the form and with the names that the data plane uses."""

from __future__ import annotations

import logging
import sys

import structlog

from pointsman.cli.serving import log_formats
from pointsman.cli.serving.log_lines import TextLines

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
DATA_PLANE_LEVELS = {"warning": "WARN", "critical": "ERROR"}
"""What JSON lines call levels that have another name in Python."""
QUIET_LIBRARIES = ("alembic", "asyncio", "sqlalchemy", "uvicorn")


def set_up_logs(level: str, log_format: str) -> None:
    """Writes log lines of this level and above.

    Args:
        level: ``debug``, ``info``, ``warn`` or ``error``. Libraries speak from ``warn`` on, at ``debug`` too.
        log_format: ``json``, ``text`` or ``coloured_text``.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *_renderers(log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(log_format: str) -> list[structlog.typing.Processor]:
    """Answers what makes a line of an event."""
    if log_format == log_formats.JSON:
        return [_name_as_the_data_plane_does, structlog.processors.JSONRenderer()]
    return [TextLines(has_colours=log_format == log_formats.COLOURED_TEXT)]


def _name_as_the_data_plane_does(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Renames the usual fields, so that one query finds the lines of both planes."""
    names = ("timestamp", "level", "event", "logger")
    timestamp, level, message, target = (event.pop(name, "") for name in names)
    level = DATA_PLANE_LEVELS.get(str(level), str(level).upper())
    known = {"timestamp": timestamp, "level": level, "message": message}
    return {**known, **event, "target": target}
