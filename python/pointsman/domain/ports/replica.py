"""One replica of the data plane, by what is asked of it.

A replica is one running server: it answers calls from the state that was published to it, counts them, and
keeps a journal (:mod:`pointsman.domain.ports.journal`). Several may work on one database, and nothing that
one says of itself holds for another: neither counters, nor faults, nor what it refuses. A service asks for
the part it needs; what needs no server at all is in :mod:`pointsman.domain.ports.core`.

Messages are those of ``pointsman/v1/snapshot.proto``, ``record.proto``, ``learning.proto`` and
``dry_run.proto``, serialised. All may be called from any thread, and raise the errors of
:mod:`pointsman.errors`, never the extension's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pointsman.domain.ports.journal import Journal


@dataclass(frozen=True)
class RefusedItem:
    """One item of a change that a replica cannot use; what was before stays in effect for it.

    Attributes:
        kind: ``router`` or ``model``.
        id: The router's id, or ``model/version``.
        reason: Why, with the path of the field.
    """

    kind: str
    id: str
    reason: str


@dataclass(frozen=True)
class Published:
    """What a publish did: the generation in effect, and the items that cannot be used."""

    generation: int
    refused: tuple[RefusedItem, ...] = ()


@dataclass(frozen=True)
class FileFault:
    """What is wrong with the ONNX file of a backend in use.

    Attributes:
        path: Its path, relative to the models folder.
        sha256: The registered digest in hexadecimal digits; empty when it is not known.
        is_served: Whether calls are answered all the same, by what was loaded before.
        reason: What is wrong, and what to do.
    """

    path: str
    sha256: str
    is_served: bool
    reason: str


class Publishing(Protocol):
    """Takes a state into effect."""

    def publish(self, update: bytes) -> Published:
        """Applies what can be used of a ``SnapshotUpdate`` on every thread.

        Returns:
            The generation in effect, and the items that cannot be used.

        Raises:
            InvalidSnapshotError: The change as a whole is wrong, and nothing was changed.
            StaleSnapshotError: ``base_generation`` is not the generation in effect.
        """


class Probing(Protocol):
    """Asks backends, as whoever calls them: what one replica reaches, another may not."""

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` whether it is ready and what it takes.

        Returns:
            A ``BackendAnswer``: the signature given, completed as far as the backend describes itself.

        Raises:
            BackendError: It is not reachable, not ready or not readable.
            InvalidArgumentError: What it says of itself contradicts what is given. The paths of the fields
                begin below the model version: ``signature.labels``.
        """


class DryRunning(Probing, Protocol):
    """Runs single rows through backends, as a call would."""

    def dry_run(self, request: bytes, timeout_seconds: float) -> bytes:
        """Runs the row of a ``DryRun`` through its model version; nothing of it is kept.

        Returns:
            A ``DryRunAnswer``: what the model answered, or why there is no answer.

        Raises:
            InvalidRequestError: The bytes are no ``DryRun``.
        """


class FileWatch(Protocol):
    """Knows the ONNX files that a replica has in use."""

    def file_faults(self) -> Sequence[FileFault]:
        """Answers what is wrong with the ONNX files in use; a file that changed is read for it, once."""


class Counting(Protocol):
    """Counts the calls of one replica since it started."""

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``: the replica's own calls and nobody else's."""


class Learning(Protocol):
    """Decides by what was learnt of a bandit's arms, which is kept elsewhere and over all replicas."""

    def set_bandit_totals(self, totals: bytes) -> None:
        """Takes ``BanditTotals``: when it returns, calls are decided by the shares that follow from them.

        What is of another incarnation or epoch, or of variants that the replica does not have, is left out;
        routers that it does not have yet begin with what was said of them. Totals that a router's algorithm
        does not take leave its shares as they are.

        Raises:
            InvalidRequestError: The bytes are no ``BanditTotals``.
        """

    def bandit_states(self, router_ids: Sequence[str] | None = None) -> bytes:
        """Answers the bandits that calls are decided by, with this replica's picks, as ``BanditStates``.

        Args:
            router_ids: Which are asked for, None for all; of routers that are no bandits here nothing is
                said.
        """


class Reporting(Protocol):
    """Tells how a replica is."""

    def metrics(self) -> str:
        """Answers all metrics in the Prometheus text format."""

    def status(self) -> str:
        """Answers the state of the replica as a JSON object."""


class Replica(Publishing, DryRunning, FileWatch, Counting, Learning, Journal, Protocol):
    """All that the control plane asks of a replica.

    Whoever started it ends it: how is no business of the control plane.
    """
