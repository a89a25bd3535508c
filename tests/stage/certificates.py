"""Certificates that nobody in the world trusts, made when a test asks for one."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, so that it is its own authority.

    Attributes:
        path: Its file, in PEM.
        key_path: That of its key.
    """

    path: Path
    key_path: Path

    @property
    def text(self) -> str:
        return self.path.read_text()

    def server_context(self) -> ssl.SSLContext:
        """What a server speaks TLS with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.path, self.key_path)
        return context


def make_certificate(folder: Path, host: str) -> Certificate:
    """Makes one for a host by ``openssl``, which is wherever Python's own TLS is."""
    made = Certificate(folder / f"{host}.pem", folder / f"{host}.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-out", str(made.path), "-keyout", str(made.key_path)),
        ],
        check=True,
        capture_output=True,
    )
    return made
