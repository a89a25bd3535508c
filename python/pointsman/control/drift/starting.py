"""Starts programs of analyses, with what is recorded of their windows by now."""

import shutil
from pathlib import Path

from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.ports.analysing import AnalysisRunner, AnalysisStart
from pointsman.domain.records.servers import sentence
from pointsman.lake.models.snapshot import ModelSnapshot, ModelSnapshots


class AnalysisStarter:
    """Starts them.

    The manifest lists what is in files, which any program reads. What only the journal of this server has is
    written down for it: one state of both, so that no row is lacking or there twice.

    Args:
        snapshots: Who reads that state.
        runner: Where programs run.
        database_url: What they are told of the database.
        work_folder: Where each has a folder.
    """

    def __init__(
        self, snapshots: ModelSnapshots, runner: AnalysisRunner, database_url: str, work_folder: Path
    ) -> None:
        self._snapshots = snapshots
        self._runner = runner
        self._database_url = database_url
        self._work_folder = work_folder

    def start(self, analysis: Analysis) -> None:
        """Starts the program of an analysis.

        Raises:
            UnavailableError: The records cannot be read now, or nothing can be started.
        """
        folder = self.folder_of(AnalysisStart(analysis.job_id, analysis.attempt))

        def prepare(snapshot: ModelSnapshot) -> AnalysisSpec:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True)
            missing = sentence(snapshot.unreached)
            return AnalysisSpec(
                database_url=self._database_url,
                job_id=analysis.job_id,
                attempt=analysis.attempt,
                folder=str(folder),
                files=snapshot.files,
                other_files=snapshot.other_files,
                tails=tuple(_write_tails(snapshot, folder)),
                began_us=snapshot.began_us,
                lake_folder=str(self._snapshots.logged.lake_folder),
                journal_id=self._snapshots.logged.journal.journal_id,
                stored_until_us=min(
                    (one.stored_until_us for one in snapshot.unreached if one.tail_missing), default=None
                ),
                notes=(f"of other servers this analysis lacks {missing}",) if missing else (),
            )

        spec = self._snapshots.reading(
            analysis.model_id,
            analysis.window_start_us,
            analysis.window_end_us,
            prepare,
            with_other_times=True,
        )
        self._runner.start(AnalysisStart(analysis.job_id, analysis.attempt), spec.written())

    def forget(self, start: AnalysisStart) -> None:
        """Ends a program if it runs, and removes its folder."""
        self._runner.end(start)
        shutil.rmtree(self.folder_of(start), ignore_errors=True)

    def left_over(self) -> list[AnalysisStart]:
        """Answers the starts that have a folder, those of a former run of this server among them."""
        names = [path.name.rpartition("-") for path in self._work_folder.glob("*-*")]
        return [AnalysisStart(job_id, int(attempt)) for job_id, _, attempt in names if attempt.isdecimal()]

    def folder_of(self, start: AnalysisStart) -> Path:
        """Answers the folder of a start."""
        return self._work_folder / f"{start.job_id}-{start.attempt}"


def _write_tails(snapshot: ModelSnapshot, folder: Path) -> list[str]:
    import pyarrow as pa

    paths = []
    for place, table in enumerate(snapshot.tables):
        path = folder / f"tail-{place}.arrows"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
        paths.append(str(path))
    return paths
