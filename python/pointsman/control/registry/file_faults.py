"""What is wrong with ONNX files that this server uses, said of the model versions and routers concerned."""

import dataclasses
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.domain.models import Backend, ModelKey, ModelVersion, OnnxBackend
from pointsman.domain.ports.replica import FileFault, FileWatch
from pointsman.domain.routers import Router, RouterStatus
from pointsman.store import model_versions

_SHOWN_VARIANTS = 5

_EVERY_SECONDS = 5.0
_SHOWN = 20

Faults = Mapping[OnnxBackend, FileFault]
"""By the registered file: its path, and its digest as far as that is known."""


class FileLook:
    """Looks now and then what is wrong with files, for those who ask often and must not wait for it.

    Args:
        files: The replica that uses them.
    """

    def __init__(self, files: FileWatch) -> None:
        self._files = files
        self._described: tuple[str, ...] = ()

    @property
    def described(self) -> Sequence[str]:
        """Says each fault of the last look in a sentence; of many only the first."""
        return self._described

    def job(self) -> Job:
        """Answers the job that looks."""
        return Job("model-files", _EVERY_SECONDS, Scope.SERVER, self._look)

    def _look(self, _: JobContext) -> bool:
        faults = sorted(self._files.file_faults(), key=lambda fault: (fault.path, fault.sha256))
        told = [f"file {fault.path!r}: {_sentence(fault)}" for fault in faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            told.append(f"and {len(faults) - _SHOWN} files more")
        self._described = tuple(told)
        return False


def look(files: FileWatch) -> Faults:
    """Asks what is wrong at this moment.

    A file that changed is read for it: to be called from a thread that may wait, and outside of transactions.
    """
    return {OnnxBackend(fault.path, fault.sha256): fault for fault in files.file_faults()}


def told_of_model(model: ModelVersion, faults: Faults) -> ModelVersion:
    """Answers a model version with what is wrong with its file, if it has one and anything is."""
    fault = _of(model.backend, faults)
    return model if fault is None else dataclasses.replace(model, backend_fault=_sentence(fault))


def told_of_routers(connection: Connection, routers: Sequence[Router], faults: Faults) -> list[Router]:
    """Answers routers whose status message says which variants' files are not the registered ones.

    A router goes on to run: calls of its other variants are answered. What does not run says why already.

    Args:
        connection: A transaction.
        routers: The routers as this server sees them.
        faults: What is wrong with files.
    """
    concerned = [router for router in routers if router.status is RouterStatus.RUNNING] if faults else []
    if not concerned:
        return list(routers)
    keys = {variant.model_key for router in concerned for variant in router.enabled_variants}
    found = model_versions.find_many(connection, keys)
    reasons = {key: fault for key, model in found.items() if (fault := _of(model.backend, faults))}
    return [_told(router, reasons) for router in routers]


def _told(router: Router, reasons: Mapping[ModelKey, FileFault]) -> Router:
    if router.status is not RouterStatus.RUNNING:
        return router
    told = [
        f"variant {variant.name!r}: {_sentence(fault)}"
        for variant in router.enabled_variants
        if (fault := reasons.get(variant.model_key))
    ]
    if len(told) > _SHOWN_VARIANTS:
        told[_SHOWN_VARIANTS:] = [f"and {len(told) - _SHOWN_VARIANTS} variants more"]
    return dataclasses.replace(router, status_message="; ".join(told)) if told else router


def _of(backend: Backend | None, faults: Faults) -> FileFault | None:
    return faults.get(backend) if isinstance(backend, OnnxBackend) else None


def _sentence(fault: FileFault) -> str:
    return fault.reason if fault.is_served else f"not served here: {fault.reason}"
