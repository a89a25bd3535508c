"""What all cases stand on: the peers, a backend that scores rows of 30 columns, and servers that record."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benches.load import contestants, pointsman_server
from benches.load.sample import Contestant, Shape

if TYPE_CHECKING:
    from pointsman.v1 import model_pb2

COLUMNS = 30
ROUTER = "bench"
MESSAGE_BYTES = 1024
SHAPE = Shape(10, 10, MESSAGE_BYTES, columns=COLUMNS)
SHAPE_IN_WORDS = (
    f"ModelInfer with one FP64 row of {COLUMNS} columns, drawn anew for each call, in a message of "
    f"{MESSAGE_BYTES} "
    "bytes; the answer is a label and two probabilities; a sticky router 70/30, features and answers recorded"
)


@dataclass(frozen=True)
class Stage:
    """The peers and the backends, and where servers start.

    Attributes:
        folder: A folder of this case alone.
        is_quick: Whether this is a look, not a measurement.
        executable: The installed command.
    """

    peers: contestants.Peers
    backends: contestants.Backends
    folder: Path
    is_quick: bool
    executable: Path = Path(sys.executable).parent / "pointsman"

    @property
    def load(self) -> Path:
        """The load program."""
        return self.peers.program

    def start_server(
        self, stack: ExitStack, name: str, seal_after_seconds: float, **settings: object
    ) -> pointsman_server.Server:
        """Starts a server.

        Args:
            stack: What ends it.
            name: The name of its data folder.
            seal_after_seconds: When the last segment goes to the lake.
            **settings: Others, by the rest of their variables' names.
        """
        environment = {"JOURNAL__SEAL_AFTER_SECONDS": seal_after_seconds, **settings}
        return pointsman_server.start_server(
            stack,
            self.executable,
            self.folder,
            name,
            {f"POINTSMAN_{setting}": str(value) for setting, value in environment.items()},
        )

    def create_router(
        self, server: pointsman_server.Server, *, record: bool = True, with_signature: bool = True
    ) -> None:
        """Creates and deploys the router."""
        known = signature() if with_signature else None
        pointsman_server.create_router(server, self.backends, ROUTER, record=record, signature=known)


def contestant(server: pointsman_server.Server, name: str = "pointsman") -> Contestant:
    """Answers the router of a server as something to load."""
    return pointsman_server.contestant(server, name, ROUTER, "sticky")


def signature() -> "model_pb2.Signature":
    """Answers what the model takes and gives; ``scoring.rs`` says the same."""
    from pointsman.v1 import model_pb2

    features = [f"feature_{column:02}" for column in range(COLUMNS)]
    return model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="x", datatype="FP64", shape=[-1, COLUMNS], features=features)],
        outputs=[
            model_pb2.TensorSpec(name="label", datatype="INT64", shape=[-1, 1]),
            model_pb2.TensorSpec(name="probabilities", datatype="FP32", shape=[-1, 2]),
        ],
        task=model_pb2.TASK_CLASSIFICATION,
        labels=["no", "yes"],
        prediction_output="label",
        probability_output="probabilities",
    )


@contextmanager
def setting_stage(
    peers: contestants.Peers, folder: Path, is_quick: bool, columns: int = COLUMNS
) -> Iterator[Stage]:
    """Starts the backends in a folder of their own, and ends them."""
    folder.mkdir()
    with ExitStack() as stack:
        backends = contestants.start_backends(stack, peers, folder, columns)
        yield Stage(peers, backends, folder, is_quick)
