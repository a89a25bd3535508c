"""A process that has imported the server once and becomes one by forking: a start in a fraction of a second.

``python -m stage.crash.zygote EXTENSION DESCRIPTOR`` takes requests on a socket that was passed on to it.
"""

import gc
import importlib
import json
import os
import socket
import sys
from pathlib import Path

from . import extension

HEAVY = (
    "alembic.command",
    "duckdb",
    "grpc.aio",
    "numpy",
    "pyarrow.parquet",
    "scipy.stats",
    "sqlalchemy.dialects.sqlite",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "pointsman.cli.serving.running",
    "pointsman.cli.serving.server",
)
ENVIRONMENT = {
    # Threads do not survive a fork, so that nothing may start one before.
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
MESSAGE_BYTES = 65_536


def main() -> None:
    """Forks a server for each request with a socket; for one without, says how a server ended."""
    channel = socket.socket(fileno=int(sys.argv[2]))
    extension.load(Path(sys.argv[1]))
    for name in HEAVY:
        importlib.import_module(name)
    from . import child

    gc.freeze()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads before the fork"
    channel.send(b"{}")
    while True:
        message, descriptors, *_ = socket.recv_fds(channel, MESSAGE_BYTES, 1)
        if not message:
            return
        request = json.loads(message)
        if not descriptors:
            _, status = os.waitpid(request["wait"], 0)
            channel.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
            continue
        pid = os.fork()
        if pid == 0:
            channel.close()
            child.serve(request, socket.socket(fileno=descriptors[0]))
            os._exit(0)
        os.close(descriptors[0])
        channel.send(json.dumps({"pid": pid}).encode())


if __name__ == "__main__":
    main()
