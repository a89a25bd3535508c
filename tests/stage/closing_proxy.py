"""A real nginx before a backend, with the configuration of the benchmark of orderly ends."""

import shutil
import socket
import string
import subprocess
from pathlib import Path

from .ports import free_port
from .waiting import eventually

CONFIG = Path(__file__).parents[2] / "benches" / "orderly_ends" / "nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")


class ClosingNginx:
    """Ends each connection in order after so many calls."""

    def __init__(self, folder: Path, backend_port: int, most_requests: int) -> None:
        assert NGINX, "nginx is not installed"
        self._port = free_port()
        self.target = f"127.0.0.1:{self._port}"
        config = folder / "nginx.conf"
        names = {"backend_port": backend_port, "most_requests": most_requests, "folder": folder}
        config.write_text(string.Template(CONFIG.read_text()).substitute(names, port=self._port))
        with (folder / "nginx.log").open("wb") as log:
            command = [NGINX, "-p", str(folder), "-e", str(folder / "nginx-error.log"), "-c", str(config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            eventually(self._listens, what="nginx")
        except BaseException:
            self.close()
            raise

    def _listens(self) -> bool:
        assert self._process.poll() is None, "nginx ended"
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait()
