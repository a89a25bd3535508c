"""What all tests share: how the log looks where nothing configures it."""

import structlog

pytest_plugins = [
    *("conftest_garbage", "conftest_memory", "conftest_order", "conftest_postgres", "conftest_skips"),
]

# Rich tracebacks with variables take seconds of a processor each, which the code under test is waiting for.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
