"""Where files of logged predictions are, and how whole rows are found in them and in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.ports.journal import JournalName
from pointsman.domain.records.lake import LakeFile
from pointsman.lake.models.logged_files import COLUMNS, predictions_in
from pointsman.store.drift import predictions
from pointsman.store.drift.predictions import PageRow
from pointsman.store.recording import logged_files

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from pointsman.lake.models.pages import Window

LOGGED = "read_parquet($logged_files, union_by_name = true, hive_partitioning = false)"
"""SQL of the rows of files, whose paths are the parameter ``logged_files``."""
LOGGED_ANSWERS = (
    'prediction_id, "row", time_us, model_version, answer_label AS label, answer_number AS number, '
    "probabilities"
)
"""What is read of each answer where its probabilities are looked at, as ``outcome_sql.ANSWER_COLUMNS``."""
_IN_WINDOW = "time_us >= $start_us AND time_us < $end_us"


@dataclass(frozen=True)
class LoggedFiles:
    """Finds the files of models.

    The server writes them into its own lake. Where others have folders of their own, they lack them as they
    lack what routers recorded elsewhere, and say so.

    Args:
        lake_folder: The lake's folder.
        journal: Whose files are here, whether or not they can be seen.
    """

    lake_folder: Path
    journal: JournalName

    def paths(
        self, connection: Connection, model_key: int, start_us: int | None = None, end_us: int | None = None
    ) -> list[str]:
        """Answers the whole paths of a model's files that are here.

        Args:
            connection: The transaction in which rows of SQL are read, so that each is seen once.
            model_key: The model's row.
            start_us: Only those with rows from this time on; None for all.
            end_us: Only those with rows before this time; None for all.
        """
        found = logged_files.of_model(connection, model_key, start_us, end_us)
        return [str(self._place(file)) for file in found if self.is_here(file)]

    def is_here(self, file: LakeFile) -> bool:
        """Tells files of other servers, whose folders may be elsewhere, from files that are missing."""
        if file.journal_id == self.journal.journal_id:
            return True
        try:
            return self._place(file).stat().st_size == file.byte_count
        except OSError:
            return False

    def _place(self, file: LakeFile) -> Path:
        return self.lake_folder / PurePosixPath(file.path)


def newest_in(duck: DuckDBPyConnection, paths: Sequence[str], window: Window) -> tuple[int, list[PageRow]]:
    """Answers how many predictions of a window are in files, and the newest of them.

    Args:
        duck: Where files are queried.
        paths: The files, which may be none.
        window: Which predictions, and how many of the newest.
    """
    if not paths:
        return 0, []
    values = {"logged_files": list(paths), "start_us": window.start_us, "end_us": window.end_us}
    count = duck.execute(f"SELECT count(*) FROM {LOGGED} WHERE {_IN_WINDOW}", values).fetchall()[0][0]
    rows = duck.execute(
        f'SELECT prediction_id, "row", time_us, router_id, entity_id FROM {LOGGED} WHERE {_IN_WINDOW} '
        "ORDER BY time_us DESC, prediction_id LIMIT $most",
        values | {"most": window.most},
    )
    return count, [PageRow(*row) for row in rows.fetchall()]


def entities_in(duck: DuckDBPyConnection, paths: Sequence[str], window: Window) -> list[str]:
    """Answers the entities of predictions of a window that are in files, at most so many.

    Args:
        duck: Where files are queried.
        paths: The files, which may be none.
        window: Which predictions, and how many entities.
    """
    if not paths:
        return []
    named = f"SELECT DISTINCT entity_id FROM {LOGGED} WHERE {_IN_WINDOW} AND entity_id <> '' LIMIT $most"
    values = {"logged_files": list(paths), **vars(window)}
    return [entity_id for (entity_id,) in duck.execute(named, values).fetchall()]


@dataclass(frozen=True)
class Times:
    """When predictions that are looked for were made.

    Attributes:
        start_us: From this time on.
        end_us: Before this time.
    """

    start_us: int
    end_us: int


def find_many(
    sql: Connection,
    duck: DuckDBPyConnection,
    files: LoggedFiles,
    model_key: int,
    prediction_ids: Sequence[str],
    times: Times,
) -> Mapping[str, LoggedPrediction]:
    """Finds predictions of a model by their ids, in SQL and in files; those that are not there are left out.

    Args:
        sql: A reading transaction.
        duck: Where files are queried.
        files: Finds files.
        model_key: The model's row.
        prediction_ids: Their ids.
        times: When they were made: only such files are looked into.
    """
    found = predictions.find_many(sql, model_key, prediction_ids)
    missing = [one for one in prediction_ids if one not in found]
    paths = files.paths(sql, model_key, times.start_us, times.end_us) if missing else []
    if paths:
        rows = duck.sql(
            f"SELECT {COLUMNS} FROM {LOGGED} WHERE {_IN_WINDOW} AND prediction_id IN (SELECT unnest($ids))",
            params={
                "logged_files": paths,
                "ids": missing,
                "start_us": times.start_us,
                "end_us": times.end_us,
            },
        )
        found |= {one.prediction_id: one for one in predictions_in(rows.to_arrow_table())}
    return found
