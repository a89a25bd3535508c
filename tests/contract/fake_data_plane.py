"""A data plane in Python, for tests of the control plane: keeps what is published, moves slots, answers."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import grpc

from pointsman import _core
from pointsman.dataplane.core import CoreDataPlane
from pointsman.domain.data_plane import Published, RefusedItem
from pointsman.errors import BackendError, InvalidRequestError, StaleSnapshotError
from pointsman.v1 import model_pb2, prediction_pb2, record_pb2, router_pb2, snapshot_pb2
from stage.lake import a_row
from stage.prediction_ids import signed_id

from .fake_journal import FakeJournal

SLOTS = 10_000


@dataclass
class FakeDataPlane:
    """Holds the published state as dictionaries; what it shall answer otherwise is set by the test."""

    grpc_address: str = "127.0.0.1:1"
    generation: int = 0
    routers: dict[str, snapshot_pb2.RouterSnapshot] = field(default_factory=dict)
    models: dict[tuple[str, str], snapshot_pb2.ModelSnapshot] = field(default_factory=dict)
    access: snapshot_pb2.AccessTable = field(default_factory=snapshot_pb2.AccessTable)
    signing_keys: snapshot_pb2.SigningKeys = field(default_factory=snapshot_pb2.SigningKeys)
    updates: list[snapshot_pb2.SnapshotUpdate] = field(default_factory=list)
    signature: model_pb2.Signature = field(default_factory=model_pb2.Signature)
    down: set[str] = field(default_factory=set)
    refuse_router: str = ""
    on_probe: Callable[[snapshot_pb2.ModelSnapshot], None] | None = None
    probed: list[str] = field(default_factory=list)
    counters: dict[str, snapshot_pb2.RouterCounters] = field(default_factory=dict)
    entity_key: bytes = b""
    feedback_horizon_us: int = 0
    journal: FakeJournal = field(default_factory=lambda: FakeJournal(Path(tempfile.mkdtemp())))
    clock: Callable[[], int] = lambda: time.time_ns() // 1000
    numbers: Iterator[int] = field(default_factory=count)
    lock: threading.Condition = field(default_factory=threading.Condition)

    def target_fault(self, target: str) -> str:
        """The real check: a stand-in of its own would differ one day."""
        return _core.target_fault(target)

    def publish(self, update: bytes) -> Published:
        refused = []
        message = snapshot_pb2.SnapshotUpdate.FromString(update)
        with self.lock:
            if not message.complete and message.base_generation != self.generation:
                raise StaleSnapshotError(
                    f"base_generation: {message.base_generation} is not {self.generation}; publish everything"
                )
            for model in message.changed_models:
                if model.backend.HasField("grpc") and (fault := self.target_fault(model.backend.grpc.target)):
                    reason = f"backend.grpc.target: {fault}"
                    refused.append(RefusedItem("model", f"{model.model_id}/{model.version}", reason))
            for router in message.changed_routers:
                if router.router_id == self.refuse_router:
                    refused.append(RefusedItem("router", router.router_id, "slot_runs: refused by the test"))
                assert sum(router.slot_runs[1::2]) == SLOTS
                assert len(router.salt) == 16
            if message.complete:
                self.routers.clear()
                self.models.clear()
            unusable = {(item.kind, item.id) for item in refused}
            self.routers |= {
                router.router_id: router
                for router in message.changed_routers
                if ("router", router.router_id) not in unusable
            }
            self.models |= {
                (model.model_id, model.version): model
                for model in message.changed_models
                if ("model", f"{model.model_id}/{model.version}") not in unusable
            }
            for router_id in message.deleted_routers:
                self.routers.pop(router_id, None)
            for key in message.deleted_models:
                self.models.pop((key.model_id, key.version), None)
            if message.HasField("access"):
                self.access = message.access
            if message.HasField("signing_keys"):
                self.signing_keys = message.signing_keys
            self.entity_key = message.entity_key or self.entity_key
            self.feedback_horizon_us = message.feedback_horizon_us or self.feedback_horizon_us
            self.generation = message.generation
            self.updates.append(message)
            self.lock.notify_all()
            return Published(self.generation, tuple(refused))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Waits until what is published fulfils a condition."""
        with self.lock:
            assert self.lock.wait_for(condition, timeout=20)

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        message = snapshot_pb2.ModelSnapshot.FromString(model)
        assert timeout_seconds > 0
        name = f"{message.model_id}/{message.version}"
        self.probed.append(name)
        if self.on_probe is not None:
            self.on_probe(message)
        if name in self.down:
            raise BackendError(f"{message.backend.grpc.target}: connection refused; start the backend")
        return self.signature.SerializeToString()

    def router_counters(self, router_id: str) -> bytes:
        found = self.counters.get(router_id, snapshot_pb2.RouterCounters(router_id=router_id))
        return found.SerializeToString()

    @property
    def journal_id(self) -> str:
        return self.journal.journal_id

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        return self.journal.take_feedback(after_position, max_entries, timeout_seconds)

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        self.journal.release_feedback(position, outcomes)

    def check_feedback(self, call: bytes) -> bytes:
        """The real check, of the state that was published here."""
        return self._checked(call)[0]

    def append_feedback(self, call: bytes) -> bytes:
        checked, batch = self._checked(call)
        answer = record_pb2.FeedbackAnswer.FromString(checked)
        good = [verdict for verdict in answer.verdicts if not verdict.HasField("refusal")]
        assert not any(verdict.needs_prediction for verdict in good)
        if self.journal.full:
            code = grpc.StatusCode.UNAVAILABLE.value[0]
            refusal = record_pb2.FeedbackRefusal(code=code, message=self.journal.full, reason="JOURNAL")
            for verdict in good:
                verdict.refusal.CopyFrom(refusal)
            return answer.SerializeToString()
        positions = self.journal.bring(*record_pb2.FeedbackBatch.FromString(batch).entries)
        asked = record_pb2.FeedbackCall.FromString(call)
        applied = asked.wait == prediction_pb2.FEEDBACK_WAIT_APPLIED
        outcomes = self.journal.outcomes_of(positions, asked.timeout_ms / 1000) if applied else {}
        for verdict, position in zip(good, positions, strict=True):
            verdict.outcome = outcomes.get(position, prediction_pb2.FEEDBACK_OUTCOME_RECORDED)  # type: ignore[assignment]
        return answer.SerializeToString()

    def _checked(self, call: bytes) -> tuple[bytes, bytes]:
        state = snapshot_pb2.SnapshotUpdate(
            generation=self.generation,
            complete=True,
            changed_routers=self.routers.values(),
            changed_models=self.models.values(),
            signing_keys=self.signing_keys,
            feedback_horizon_us=self.feedback_horizon_us,
        )
        return _core.Engine(state.SerializeToString(), 0).check_feedback(call, self.clock())

    def take_shipped(self, timeout_seconds: float) -> bytes:
        return self.journal.take_shipped(timeout_seconds)

    def release_predictions(self, position: int) -> None:
        self.journal.release_predictions(position)

    def read_tail(self, query: bytes) -> bytes:
        return self.journal.read_tail(query)

    def seal_predictions(self) -> int:
        return self.journal.seal_predictions()

    def merge_lake_files(self, request: bytes) -> bytes:
        return self.journal.merge_lake_files(request)

    read_lake_rows = staticmethod(CoreDataPlane.read_lake_rows)
    count_lake_calls = staticmethod(CoreDataPlane.count_lake_calls)

    def metrics(self) -> str:
        return ""

    def status(self) -> str:
        return json.dumps({"generation": self.generation})

    def stop(self, grace_seconds: float) -> int:
        self.journal.close()
        return 0

    def reallocate_slots(self, slot_runs: Sequence[int], shares: Sequence[float]) -> tuple[list[int], int]:
        if any(share < 0 for share in shares) or not sum(shares) > 0:
            raise InvalidRequestError("shares: at least one above zero")
        target = quotas(shares)
        before = [index for index, length in pairs(slot_runs) for _ in range(length)] or [-1] * SLOTS
        left = list(target)
        after = [-1] * SLOTS
        for slot, index in enumerate(before):
            if 0 <= index < len(left) and left[index]:
                left[index] -= 1
                after[slot] = index
        open_slots = (slot for slot, index in enumerate(after) if index < 0)
        for index, wanted in enumerate(left):
            for _ in range(wanted):
                after[next(open_slots)] = index
        moved = sum(old != new for old, new in zip(before, after, strict=True)) if slot_runs else 0
        return runs(after), moved

    def prediction_id(self, router_id: str, variant: str, **facts: Any) -> str:
        """Makes a prediction id of now, as a call through this data plane would."""
        facts.setdefault("time_us", self.clock())
        if router_id in self.routers:
            facts.setdefault("incarnation", self.routers[router_id].incarnation)
        current = self.signing_keys.current_key_id
        [secret] = [key.secret for key in self.signing_keys.keys if key.key_id == current]
        return signed_id(secret, current, router_id, variant, number=next(self.numbers), **facts)

    def predict(self, router_id: str, variant: str, **fields: Any) -> str:
        """Records a prediction of now, as a call through this data plane would; answers its id."""
        number = len(self.journal.rows)
        time_us = fields.pop("time_us", self.clock())
        made = fields.pop("prediction_id", "") or self.prediction_id(
            router_id, variant, time_us=time_us, epoch=number
        )
        values = {"router_id": router_id, "variant": variant, "prediction_id": made, "model_id": "cancer"}
        if router_id in self.routers:
            values["router_incarnation"] = self.routers[router_id].incarnation
        self.journal.predict(a_row(time_us, number, **(values | fields)))
        return str(made)

    def slot_share(self, router_id: str, variant: str) -> float:
        """Answers the share of slots that a variant holds in the published state."""
        router = self.routers[router_id]
        place = [found.name for found in router.variants].index(variant)
        return sum(length for index, length in pairs(router.slot_runs) if index == place) / SLOTS

    def status_of(self, router_id: str) -> str:
        """Answers the published status of a router."""
        return router_pb2.RouterStatus.Name(self.routers[router_id].status)


def pairs(slot_runs: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(slot_runs[::2], slot_runs[1::2], strict=True))


def quotas(shares: Sequence[float]) -> list[int]:
    """Splits the slots by largest remainder."""
    exact = [share / sum(shares) * SLOTS for share in shares]
    counts = [int(share) for share in exact]
    order = sorted(range(len(shares)), key=lambda index: exact[index] - counts[index], reverse=True)
    for index in order[: SLOTS - sum(counts)]:
        counts[index] += 1
    return counts


def runs(slots: Sequence[int]) -> list[int]:
    found: list[int] = []
    for index in slots:
        if found and found[-2] == index:
            found[-1] += 1
        else:
            found += [index, 1]
    return found
