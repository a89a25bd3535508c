"""Where the control plane's files are."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ControlFolders:
    """The folders of one process's control plane.

    Attributes:
        data: The data folder, with the models folder, by which answers of others name this server.
        socket_path: The unix socket on which the replica brings calls; its folder must be 0700.
        lake: Where the replica writes the lake.
    """

    data: Path
    socket_path: Path
    lake: Path

    @property
    def models(self) -> Path:
        """Where uploaded files of models are kept; servers may share it."""
        return self.data / "models"

    @property
    def analyses(self) -> Path:
        """Where programs of analyses have folders; this process's alone."""
        return self.data / "analyses"

    @property
    def temporary(self) -> Path:
        """Where queries over the lake put what does not fit into memory; this process's alone."""
        return self.data / "temporary"
