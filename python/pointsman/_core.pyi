"""The Rust core, as seen from Python: one replica of the data plane, and functions that need none.

Every call is coarse and carries bytes: a published change, a batch of records, a page of metrics. No
call of a client of the data plane ever enters Python. All calls may be made from any thread; those
that take time release the interpreter lock. Messages are those of ``pointsman/v1/snapshot.proto`` and
``record.proto``.

Exceptions::

    CoreError
    ├── InvalidConfigError        the configuration names a wrong field or value
    ├── BindError                 the address cannot be listened on
    ├── ForkedProcessError        the handle was used in a child made by fork
    ├── InvalidSnapshotError      a published change is not valid; the message starts with the field path
    ├── StaleSnapshotError        the change builds on another generation: publish everything
    ├── BackendError              a backend could not be asked or its file not be read
    ├── InvalidRequestError       an argument is out of range
    ├── JournalError              the journal or the lake cannot do what is asked
    ├── PositionGoneError         segments that are asked for were released meanwhile
    └── InvalidPredictionIdError  a prediction id is malformed, forged or signed by no known key
"""

import os
from collections.abc import Sequence
from typing import final

BUILD_KIND: str
"""How the extension was compiled: ``release``, or ``quick`` or ``debug``, which are slower."""

class CoreError(Exception): ...
class InvalidConfigError(CoreError): ...
class BindError(CoreError): ...
class ForkedProcessError(CoreError): ...
class InvalidSnapshotError(CoreError): ...
class StaleSnapshotError(CoreError): ...
class BackendError(CoreError): ...

class ModelVersionError(CoreError):
    """Fields of a model version that its backend contradicts; the argument lists fields with reasons."""

class InvalidRequestError(CoreError): ...
class JournalError(CoreError): ...
class PositionGoneError(CoreError): ...
class InvalidPredictionIdError(CoreError): ...

# One replica.

@final
class ServerHandle:
    """One replica of the data plane, which runs in this process."""

    @property
    def grpc_address(self) -> str:
        """The address it listens on, ``host:port``, the port as the system chose it."""

    def publish(self, update: bytes) -> tuple[int, list[tuple[str, str, str]]]:
        """Applies what can be used of a ``SnapshotUpdate`` on every thread.

        Returns:
            The generation in effect, and each router and model version that cannot be used: its kind
            (``router`` or ``model``), its id (``model/version``) and the reason.

        Raises:
            InvalidSnapshotError: the change as a whole is wrong, and nothing was changed.
            StaleSnapshotError: ``base_generation`` is not the generation in effect.
        """

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` whether it is ready and what it takes.

        Returns:
            A ``BackendAnswer``: the user's signature, completed as far as the backend describes itself.

        Raises:
            ModelVersionError: what the user says of it cannot be right.
            BackendError: it is not reachable, not ready, not in the models folder or not readable.
        """

    def dry_run(self, request: bytes, timeout_seconds: float) -> bytes:
        """Runs the row of a ``DryRun`` through its model version; nothing is recorded or counted.

        Returns:
            A ``DryRunAnswer``: what the model answered, or why there is no answer.

        Raises:
            InvalidRequestError: the bytes are no ``DryRun``.
        """

    def set_bandit_totals(self, totals: bytes) -> None:
        """Takes ``BanditTotals``: when it returns, calls are decided by the shares that follow from them.

        What is of another incarnation or epoch, or of variants that are not published, is left out. Routers
        that are not published yet begin with it, and so do all after a restart.

        Raises:
            InvalidRequestError: the bytes are no ``BanditTotals``.
        """

    def bandit_states(self, router_ids: Sequence[str] | None = None) -> bytes:
        """Answers the bandits that calls are decided by, as ``BanditStates``.

        Args:
            router_ids: Which are asked for, None for all; of routers that are no bandits or not published
                nothing is said.
        """

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``; without variants when it had no traffic."""

    @property
    def journal_id(self) -> str:
        """The journal's name: 32 hexadecimal digits. Positions are its own."""

    def journal_starts(self) -> list[tuple[str, str, int, int, bool]]:
        """Answers the openings of the journal's folder, oldest first; the last is this process's.

        Returns:
            For each its id, the place of the folder (the same for no other folder; empty when the system
            does not say), where the logs of predictions and feedback ended then, and whether the folder
            says that the database has it.

        Raises:
            JournalError: this opening cannot be noted on the disk.
        """

    def journal_ends(self) -> tuple[int, int]:
        """Answers the positions behind all predictions and all feedback on disk.

        Feedback that was acknowledged before is before its end.
        """

    def confirm_journal(self, journal_id: str) -> None:
        """Says under which name the database knows the journal, and that it has the openings so far.

        To be called before the first ``release_predictions``: files of the lake are named for it.

        Raises:
            JournalError: it is no name, or cannot be written; the journal has the name that it had.
        """

    def add_erased_predictions(self, digests: Sequence[int]) -> None:
        """Refuses feedback for further predictions from now on, until the end of the process.

        Args:
            digests: For each, the first eight bytes of the SHA-256 of its id, as a big-endian number.
        """

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        """Reads a ``FeedbackBatch`` of what is on disk behind a position, waiting for the first entry.

        Raises:
            JournalError: a segment cannot be read.
        """

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        """Says that feedback before a position is applied, with these ``FeedbackOutcomes``.

        Raises:
            JournalError: a segment cannot be deleted.
        """

    def check_feedback(self, call: bytes) -> bytes:
        """Checks the values of a ``FeedbackCall``, those about entities as far as that can be without their
        predictions. Answers a ``FeedbackAnswer``; nothing is recorded."""

    def append_feedback(self, call: bytes) -> bytes:
        """Checks the values of a ``FeedbackCall`` and appends those that may be recorded.

        It waits until they are on disk, or applied where the call says so. Answers a ``FeedbackAnswer``.

        Raises:
            JournalError: the system gives no means to wait.
        """

    def take_shipped(self, timeout_seconds: float) -> bytes:
        """Reads the ``ShippedSegments`` that are in the lake and not released, waiting for the first."""

    def release_predictions(self, position: int) -> None:
        """Says that the manifest holds everything before a position. Shipping begins with the first call.

        Raises:
            JournalError: a segment cannot be deleted.
        """

    def read_tail(self, query: bytes) -> bytes:
        """Answers a ``TailQuery`` with a ``TailAnswer``: every call that was answered before is in it.

        Raises:
            PositionGoneError: segments from ``from_position`` on were released: read the manifest again.
            JournalError: a segment cannot be read.
        """

    def seal_predictions(self) -> int:
        """Completes the segment under way, so that it ships at once; answers its end."""

    def file_faults(self) -> list[tuple[str, str, bool, str]]:
        """Answers what is wrong with ONNX files in use: path, registered SHA-256 (empty when it is not
        known), whether calls are answered all the same, and what is wrong. A file that changed is read."""

    def metrics(self) -> str:
        """Answers all metrics in the Prometheus text format."""

    def status(self) -> str:
        """Answers a JSON object: ``serving``, ``generation``, ``connections``, ``in_flight``,
        ``threads``, ``restored`` (whether the state came from disk), ``backends`` (a list of
        ``{target, up, endpoints}``)."""

    def stop(self, grace_seconds: float) -> int:
        """Drains: NOT_SERVING, GOAWAY, calls in flight are finished within the grace.

        Returns:
            The number of calls that were cut off. Calling it again returns 0. Never raises.
        """

def start_server(config: str) -> ServerHandle:
    """Checks the JSON configuration, binds, restores the state on disk, then serves.

    Raises:
        InvalidConfigError: the message starts with the field.
        BindError: the address is in use or not ours.
    """

# What needs no running server.

@final
class DecodedPredictionId:
    """What a prediction id says."""

    @property
    def router_id(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def incarnation(self) -> int:
        """Tells the router from others of the same id; 0 when the id does not say."""
    @property
    def epoch(self) -> int: ...
    @property
    def propensity(self) -> float: ...
    @property
    def pinned(self) -> bool: ...
    @property
    def row_limit(self) -> int:
        """How many rows the call had at most; 0 when that is not known."""
    @property
    def time_us(self) -> int:
        """When it was made, UTC microseconds."""
    @property
    def key_id(self) -> int: ...

def read_lake_rows(lake_folder: str | os.PathLike[str], query: bytes) -> bytes:
    """Answers a ``RowsQuery`` with a ``RowsAnswer``.

    Raises:
        PositionGoneError: a file was replaced: read the manifest again.
        JournalError: a file cannot be read.
    """

def count_lake_calls(lake_folder: str | os.PathLike[str], query: bytes) -> bytes:
    """Answers a ``CountQuery`` with its ``CallCounts``.

    Raises:
        PositionGoneError: a file was replaced: read the manifest again.
        JournalError: a file cannot be read.
    """

def count_lake_coverage(lake_folder: str | os.PathLike[str], query: bytes) -> bytes:
    """Answers a ``CoverageQuery`` with its ``CoverageCounts``.

    Raises:
        PositionGoneError: a file was replaced: read the manifest again.
        JournalError: a file cannot be read.
    """

def replay_lake_decisions(lake_folder: str | os.PathLike[str], query: bytes) -> bytes:
    """Answers a ``ReplayQuery`` with its ``ReplayAnswer``.

    Raises:
        PositionGoneError: a file was replaced: read the manifest again.
        JournalError: a file cannot be read.
    """

def redecide(query: bytes) -> bytes:
    """Answers a ``RedecisionQuery`` with its ``Redecision``."""

def merge_lake_files(lake_folder: str | os.PathLike[str], request: bytes) -> bytes:
    """Writes one file from those of a ``MergeRequest``; answers its ``LakeFile``.

    Raises:
        JournalError: a file cannot be read or written.
    """

def decode_prediction_id(prediction_id: str, signing_keys: bytes) -> DecodedPredictionId:
    """Verifies and reads a prediction id with ``SigningKeys``.

    Raises:
        InvalidPredictionIdError: it is malformed, forged or signed by no known key.
    """

def limits() -> dict[str, tuple[float, float]]:
    """Answers the least and the most of every number of the configuration, by its path, and what is fixed.

    The control plane checks the same before the data plane sees a value; a test compares both.
    """

def datatypes() -> list[str]:
    """Answers the Open Inference Protocol's names of the element types that tensors may have."""

def reallocate_slots(
    slot_runs: Sequence[int], shares: Sequence[float], former: Sequence[Sequence[int]] = ...
) -> tuple[list[int], int]:
    """Moves the fewest of the 10,000 slots so that variant ``i`` holds ``shares[i]`` of them.

    Args:
        slot_runs: The table in force as variant index and length in turn; empty for none yet.
            Indices beyond ``shares`` are variants that went away.
        shares: What each variant shall have, in any unit; at least one above zero.
        former: Tables that were in force before, the latest first. The first in which each variant holds
            what it shall hold now says which slots move: as many as can be become as they were in it.

    Returns:
        The new table in the same form and the number of slots that moved (0 for a first table).

    Raises:
        InvalidRequestError: a share is negative or no number, all are zero, or the runs do not
            add up to 10,000.
    """

@final
class Engine:
    """The server's own decision code on a published state, for tests, notebooks and replay."""

    def __new__(cls, update: bytes, seed: int) -> Engine:
        """Takes a published state.

        Args:
            update: A ``SnapshotUpdate``, or one ``RouterSnapshot``, whose model versions need not be known.
            seed: Of the random draws: the same decisions come of the same seed, calls and release.

        Raises:
            InvalidSnapshotError: it is not valid; the message starts with the field path.
        """

    def decide(self, router_id: str, batch: bytes) -> bytes:
        """Decides once for each row of an Arrow IPC stream, with the interpreter lock released.

        An operator's override that is in force now takes every row.

        Args:
            router_id: The router that decides.
            batch: Rows with the text column ``entity_id``; null, or no such column, means a random draw.
                Rules read ``f_NAME`` (numbers, truth values, text, or dictionaries) and ``metadata.KEY``
                (text); null and NaN are missing, as is what no column holds. Other columns are not read.

        Returns:
            An Arrow IPC stream with as many rows: ``variant``, ``propensity``, ``reason``, ``randomised_by``
            (``entity``, ``request``, ``nothing``), ``draw`` (64 bits), ``slot`` (null without an entity),
            ``allocation_version``, ``epoch`` and ``rule`` (null where none took the call), as the lake names
            them.

        Raises:
            InvalidRequestError: no such router, no stream, a column that is read of another type or there
                twice, or rules read something and there is no column of features or metadata at all.
        """

    def observe_rewards(
        self,
        router_id: str,
        variants: Sequence[str],
        values: Sequence[float],
        decided_at: Sequence[float] | None = None,
    ) -> int:
        """Counts rewards of a bandit's calls, for its next update.

        Args:
            router_id: The bandit.
            variants: The variant of each call.
            values: The reward of each.
            decided_at: The second of each decision, as ``update`` was told them; None means now.

        Returns:
            How many were counted.

        Raises:
            InvalidRequestError: the router is no bandit, or a reward is none of it; then none is counted.
        """

    def arm_totals(self, router_id: str) -> tuple[int, bytes]:
        """Answers what this engine itself counted of a bandit, as ``RouterTotals``, and their number.

        Raises:
            InvalidRequestError: the router is no bandit.
        """

    def merge_arm_totals(self, router_id: str, replica: int, sequence: int, totals: bytes) -> bool:
        """Takes what another engine counted, in the place of what it brought before.

        Args:
            router_id: The bandit.
            replica: Tells the other engines apart.
            sequence: The number of these totals; those with the highest hold.
            totals: The other one's ``RouterTotals``, as they have faded by now.

        Returns:
            Whether they are newer than what was known, and of the same epoch.

        Raises:
            InvalidRequestError: the router is no bandit, or the totals name other variants.
        """

    def update(self, router_id: str, seconds: float | None = None) -> list[float]:
        """Computes a bandit's shares of what is known, for the decisions that follow.

        Args:
            router_id: The bandit.
            seconds: The time that it is, for a half-life; it never goes back.

        Returns:
            The share of each variant, in the router's order.

        Raises:
            InvalidRequestError: the router is no bandit, or its algorithm does not take the totals.
        """

    def replay(self, router_id: str, batch: bytes) -> bytes:
        """Decides rows of an Arrow IPC stream again, with the bits that were drawn for them.

        Args:
            router_id: The router that decided.
            batch: Rows with ``draw`` (uint64; null where an entity decided, or nothing was drawn),
                ``entity_id``, and what rules read as ``decide`` takes it.

        Returns:
            What ``decide`` answered. The engine's own draws are not touched.

        Raises:
            InvalidRequestError: as for ``decide``, or a row that is drawn lacks its bits.
        """

    def check_feedback(self, call: bytes, now_us: int) -> tuple[bytes, bytes]:
        """Checks the values of a ``FeedbackCall`` as a server of this state would at a time.

        Returns:
            The ``FeedbackAnswer``, and what the journal would get, as a ``FeedbackBatch``.
        """

    def rights(self, router_id: str, user_id: str, admin: bool) -> tuple[bool, bool]:
        """Whether a user may read a router, and whether they may call it.

        Raises:
            InvalidRequestError: no such router.
        """

    def model_rights(self, model_id: str, user_id: str, admin: bool) -> tuple[bool, bool]:
        """Whether a user may read a model that is in production, and whether they may call it by its name.

        Raises:
            InvalidRequestError: no such model, or it has no production version.
        """

def signature_faults(signature: bytes) -> list[tuple[str, str]]:
    """Answers the fields of a ``Signature`` that cannot be right whatever its backend, each with the reason.

    The paths begin with ``signature``. A signature that lacks names or datatypes of tensors has none.

    Raises:
        InvalidRequestError: the bytes are no ``Signature``.
    """

def rule_faults(check: bytes) -> list[tuple[str, str]]:
    """Answers every field of the rules of a ``RuleCheck`` that is wrong, each with the reason.

    The paths begin with ``feature_rules``. A router without rules has none.

    Raises:
        InvalidRequestError: the bytes are no ``RuleCheck``.
    """

def roundings(number: float) -> tuple[float, float, float]:
    """Answers a number as FP32, FP16 and BF16 have it, in this order; beyond their ranges it is infinite.

    These are the numbers that a rule's is compared with where a call brings a smaller type.
    """

def bandit_faults(router: bytes) -> list[tuple[str, str]]:
    """Answers every field of the bandit of a ``Router`` that is wrong, each with the reason.

    The paths begin with ``bandit``. A router that is no bandit has none.

    Raises:
        InvalidRequestError: the bytes are no ``Router``.
    """

def assess_bandit(router: bytes, totals: bytes) -> bytes:
    """Weighs the arms of ``RouterTotals`` by the bandit of a ``Router``; answers a ``BanditAssessment``.

    Raises:
        InvalidRequestError: the bytes are no such messages, the router is no bandit, or its algorithm does
            not take the totals.
    """

def explain_routing(case: bytes) -> bytes:
    """Answers a ``RoutingCase`` with an ``ExplainRoutingResponse``, by the code that decides calls.

    Raises:
        InvalidRequestError: the bytes are no ``RoutingCase``, or its router cannot decide.
    """

def target_fault(target: str) -> str:
    """Answers what is wrong with the target of a backend; empty when nothing is."""

def data_file_names(path: str | os.PathLike[str]) -> list[str]:
    """Answers what an ONNX file calls its data files; none if all its weights lie within it.

    Raises:
        BackendError: it cannot be read, or is no model; the reason does not name the file.
    """

@final
class Pacing:
    """Short rests of the thread that began them, for as long as others want its processor."""

    def end(self) -> None:
        """Ends the rests; does nothing the second time. Any thread may."""

def begin_pacing() -> Pacing:
    """Has the calling thread rest half of the time while others want its processor.

    A processor that is never idle, however nice what runs on it, gets no waiting threads from others. On
    systems other than Linux nothing rests.

    Raises:
        OSError: a thread of this process is paced already, or the system refuses.
    """
