"""A replica in Python, for tests of the control plane: keeps what is published, records, answers."""

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
from pointsman.domain.ports.replica import FileFault, Published, RefusedItem
from pointsman.domain.records.journals import JournalEnds, JournalStart
from pointsman.errors import BackendError, FieldViolation, InvalidArgumentError, StaleSnapshotError
from pointsman.v1 import (
    dry_run_pb2,
    learning_pb2,
    model_pb2,
    prediction_pb2,
    record_pb2,
    router_pb2,
    snapshot_pb2,
)
from stage.lake import a_row
from stage.prediction_ids import signed_id

from .fake_journal import FakeJournal

SLOTS = 10_000


@dataclass
class FakeReplica:
    """Holds the published state as dictionaries; what it shall answer otherwise is set by the test."""

    generation: int = 0
    routers: dict[str, snapshot_pb2.RouterSnapshot] = field(default_factory=dict)
    models: dict[tuple[str, str], snapshot_pb2.ModelSnapshot] = field(default_factory=dict)
    access: snapshot_pb2.AccessTable = field(default_factory=snapshot_pb2.AccessTable)
    signing_keys: snapshot_pb2.SigningKeys = field(default_factory=snapshot_pb2.SigningKeys)
    updates: list[snapshot_pb2.SnapshotUpdate] = field(default_factory=list)
    signature: model_pb2.Signature = field(default_factory=model_pb2.Signature)
    down: set[str] = field(default_factory=set)
    contradictions: dict[str, list[FieldViolation]] = field(default_factory=dict)
    filled_in: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    faults: tuple[FileFault, ...] = ()
    refuse_router: str = ""
    on_probe: Callable[[snapshot_pb2.ModelSnapshot], None] | None = None
    probed: list[str] = field(default_factory=list)
    dry_runs: list[tuple[dry_run_pb2.DryRun, float]] = field(default_factory=list)
    dry_run_answer: dry_run_pb2.DryRunAnswer = field(
        default_factory=lambda: dry_run_pb2.DryRunAnswer(response=model_pb2.TestModelVersionResponse())
    )
    counters: dict[str, snapshot_pb2.RouterCounters] = field(default_factory=dict)
    totals: dict[str, learning_pb2.RouterTotals] = field(default_factory=dict)
    pulls: dict[tuple[str, int, str], int] = field(default_factory=dict)
    unasked: dict[tuple[str, int, str], int] = field(default_factory=dict)
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    asked_bandits: list[Sequence[str] | None] = field(default_factory=list)
    entity_key: bytes = b""
    feedback_horizon_us: int = 0
    erased: set[int] = field(default_factory=set)
    journal: FakeJournal = field(default_factory=lambda: FakeJournal(Path(tempfile.mkdtemp())))
    clock: Callable[[], int] = lambda: time.time_ns() // 1000
    numbers: Iterator[int] = field(default_factory=count)
    lock: threading.Condition = field(default_factory=threading.Condition)

    def publish(self, update: bytes) -> Published:
        refused = []
        message = snapshot_pb2.SnapshotUpdate.FromString(update)
        with self.lock:
            if not message.complete and message.base_generation != self.generation:
                raise StaleSnapshotError(
                    f"base_generation: {message.base_generation} is not {self.generation}; publish everything"
                )
            if not message.complete and message.generation <= self.generation:
                raise StaleSnapshotError(f"generation: {message.generation} is not above {self.generation}")
            if message.complete:
                self.routers.clear()
                self.models.clear()
            for model in message.changed_models:
                fault = self.model_fault(model)
                if fault:
                    refused.append(RefusedItem("model", f"{model.model_id}/{model.version}", fault))
                else:
                    self.models[model.model_id, model.version] = model
            for key in message.deleted_models:
                self.models.pop((key.model_id, key.version), None)
            for router_id in message.deleted_routers:
                self.routers.pop(router_id, None)
            for router in message.changed_routers:
                assert sum(router.slot_runs[1::2]) == SLOTS
                assert len(router.salt) == 16
                fault = self.router_fault(router)
                if fault:
                    refused.append(RefusedItem("router", router.router_id, fault))
                else:
                    self.routers[router.router_id] = router
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

    def model_fault(self, model: snapshot_pb2.ModelSnapshot) -> str:
        """What a publish refuses a model version for; empty when it does not."""
        fault = _core.target_fault(model.backend.grpc.target) if model.backend.HasField("grpc") else ""
        return f"backend.grpc.target: {fault}" if fault else ""

    def router_fault(self, router: snapshot_pb2.RouterSnapshot) -> str:
        """What a publish refuses a router for; empty when it does not."""
        if router.router_id == self.refuse_router:
            return "slot_runs: refused by the test"
        for index, variant in enumerate(router.variants):
            named = f"version {variant.model_version} of model {variant.model_id}"
            model = self.models.get((variant.model_id, variant.model_version))
            if model is None:
                return f"variants[{index}].model_version: {named} is not registered"
            if not model.HasField("backend"):
                return f"variants[{index}].model_version: {named} has no backend and can only be monitored"
        return ""

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
        if name in self.contradictions:
            raise InvalidArgumentError.of(self.contradictions[name])
        onnx = message.backend.onnx
        found = self.files.get(onnx.path, "a" * 64) if message.backend.HasField("onnx") else ""
        if onnx.sha256 not in ("", found):
            fault = FieldViolation("backend.onnx.sha256", f"is {onnx.sha256}, and the file has {found}")
            raise InvalidArgumentError.of([fault])
        answer = snapshot_pb2.BackendAnswer(
            signature=self.signature, filled_in=self.filled_in, warnings=self.warnings, sha256=found
        )
        return answer.SerializeToString()

    def dry_run(self, request: bytes, timeout_seconds: float) -> bytes:
        self.dry_runs.append((dry_run_pb2.DryRun.FromString(request), timeout_seconds))
        return self.dry_run_answer.SerializeToString()

    def set_bandit_totals(self, totals: bytes) -> None:
        message = learning_pb2.BanditTotals.FromString(totals)
        with self.lock:
            for router in message.routers:
                self.totals[router.router_id] = router
            self.lock.notify_all()

    def bandit_states(self, router_ids: Sequence[str] | None = None) -> bytes:
        """The bandits that were published, with the picks and shares that the test says."""
        self.asked_bandits.append(router_ids)
        states = learning_pb2.BanditStates()
        for router_id, router in self.routers.items():
            if router.settings.WhichOneof("policy") != "bandit":
                continue
            if router_ids is not None and router_id not in router_ids:
                continue
            epoch = router.settings.bandit.epoch
            states.routers.add(
                router_id=router_id,
                router_incarnation=router.incarnation,
                epoch=epoch,
                arms=[
                    learning_pb2.ArmState(
                        variant=variant.name,
                        pulls=self.pulls.get((router_id, epoch, variant.name), 0),
                        share=self.shares.get((router_id, variant.name), 0.0),
                        unasked_pulls=self.unasked.get((router_id, epoch, variant.name), 0),
                    )
                    for variant in router.variants
                ],
            )
        return states.SerializeToString()

    def pick(self, router_id: str, variant: str, count: int = 1, *, unasked: int = 0) -> None:
        """Counts calls that an arm was picked for, and how many of them it was not asked."""
        place = (router_id, self.routers[router_id].settings.bandit.epoch, variant)
        self.pulls[place] = self.pulls.get(place, 0) + count
        self.unasked[place] = self.unasked.get(place, 0) + unasked

    def router_counters(self, router_id: str) -> bytes:
        found = self.counters.get(router_id, snapshot_pb2.RouterCounters(router_id=router_id))
        return found.SerializeToString()

    @property
    def journal_id(self) -> str:
        return self.journal.journal_id

    def journal_starts(self) -> tuple[JournalStart, ...]:
        return tuple(self.journal.starts)

    def journal_ends(self) -> JournalEnds:
        return self.journal.ends()

    def confirm_journal(self, journal_id: str) -> None:
        self.journal.confirm(journal_id)

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        return self.journal.take_feedback(after_position, max_entries, timeout_seconds)

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        self.journal.release_feedback(position, outcomes)

    def check_feedback(self, call: bytes) -> bytes:
        """The real check, of the state that was published here."""
        return self._checked(call)[0]

    def add_erased_predictions(self, digests: Sequence[int]) -> None:
        self.erased.update(digests)

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

    def file_faults(self) -> tuple[FileFault, ...]:
        return self.faults

    def stop(self, grace_seconds: float) -> int:
        self.journal.close()
        return 0

    def prediction_id(self, router_id: str, variant: str, **facts: Any) -> str:
        """Makes a prediction id of now, as a call through this replica would."""
        facts.setdefault("time_us", self.clock())
        if router_id in self.routers:
            facts.setdefault("incarnation", self.routers[router_id].incarnation)
        current = self.signing_keys.current_key_id
        [secret] = [key.secret for key in self.signing_keys.keys if key.key_id == current]
        return signed_id(secret, current, router_id, variant, number=next(self.numbers), **facts)

    def predict(self, router_id: str, variant: str, **fields: Any) -> str:
        """Records a prediction of now, as a call through this replica would; answers its id."""
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
