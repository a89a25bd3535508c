"""Of how many outcomes of an upload a prediction is there, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.lake.engine import Engine
from pointsman.lake.models.logged import LOGGED
from pointsman.lake.models.snapshot import FILES, ModelSnapshot, ModelSnapshots
from pointsman.lake.streams import array_of, texts_of
from pointsman.store.database import Database
from pointsman.store.drift import truth_matches
from pointsman.store.drift.truth_matches import MatchPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

_ENTITIES = (
    "SELECT entity_id AS entity, time_us FROM {source} "
    "WHERE status_code = 0 AND time_us >= $began_us AND entity_id <> ''"
)
_LOGGED_ENTITIES = f"SELECT entity_id AS entity, time_us FROM {LOGGED} WHERE entity_id <> ''"


class TruthMatches:
    """Counts outcomes that a prediction is there of, recorded by a router or logged.

    Args:
        database: Where outcomes are, and logged predictions that are in no file yet.
        snapshots: Who reads the manifest and the journal's tail.
        engine: Where files are queried.
    """

    def __init__(self, database: Database, snapshots: ModelSnapshots, engine: Engine) -> None:
        self._database = database
        self._snapshots = snapshots
        self._engine = engine

    def count(self, model_id: str, model_key: int, upload_key: int) -> int:
        """Answers of how many outcomes of an upload a prediction is there.

        Args:
            model_id: The model.
            model_key: Its row.
            upload_key: The upload's row.

        Raises:
            UnavailableError: The records cannot be read now.
        """

        def read(snapshot: ModelSnapshot) -> int:
            with self._database.read() as connection:
                paths = self._snapshots.logged.paths(connection, model_key)
                if not snapshot.files and not snapshot.tables and not paths:
                    return truth_matches.count_logged(connection, model_key, upload_key)
                with self._engine.cursor() as duck:
                    parts = truth_matches.in_parts(connection, model_key, upload_key)
                    return sum(self._counted(duck, snapshot, paths, parts))

        return self._snapshots.reading(model_id, None, None, read)

    def _counted(
        self,
        duck: DuckDBPyConnection,
        snapshot: ModelSnapshot,
        logged_files: list[str],
        parts: Iterator[MatchPart],
    ) -> Iterator[int]:
        import numpy as np
        import pyarrow as pa

        names = [f"tail_{place}" for place in range(len(snapshot.tables))]
        for name, table in zip(names, snapshot.tables, strict=True):
            duck.register(name, table)
        sources = names + ([FILES] if snapshot.files else [])
        values: dict[str, object] = {"began_us": snapshot.began_us} if sources else {}
        if snapshot.files:
            values["files"] = list(snapshot.files)
        queries = [_ENTITIES.format(source=source) for source in sources]
        if logged_files:
            queries.append(_LOGGED_ENTITIES)
            values["logged_files"] = logged_files
        stored = " UNION ALL ".join(queries)
        try:
            duck.execute(
                "CREATE OR REPLACE TEMP TABLE stored_entities AS SELECT entity, min(time_us) AS first_us "
                f"FROM ({stored}) GROUP BY entity",
                values,
            )
            for part in parts:
                yield part.logged
                columns = {
                    "entity": texts_of(part.entity_ids),
                    "hash": texts_of(part.entity_hashes),
                    "before_us": array_of(np.array(part.before_us, dtype=np.int64)),
                }
                duck.register("unlogged", pa.table(columns))
                found = duck.execute(
                    "SELECT count(*) FROM unlogged LEFT JOIN stored_entities AS by_name USING (entity) "
                    "LEFT JOIN stored_entities AS by_hash ON by_hash.entity = unlogged.hash "
                    "WHERE by_name.first_us <= before_us OR by_hash.first_us <= before_us"
                )
                yield int(found.fetchall()[0][0])
        finally:
            duck.execute("DROP TABLE IF EXISTS stored_entities")
            for name in [*names, "unlogged"]:
                duck.unregister(name)
