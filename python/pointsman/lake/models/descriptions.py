"""A model's predictions and outcomes, as a connection knows them where they are queried together."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pointsman.domain.recording import HASH_CHARS
from pointsman.lake.engine import Engine
from pointsman.lake.models import logged, pages
from pointsman.lake.models.logged import LOGGED, LoggedFiles
from pointsman.lake.models.outcome_sql import MATCHES, ROW_COLUMNS
from pointsman.lake.models.snapshot import FILES, RECORDED, ModelSnapshot
from pointsman.lake.models.tables import logged_tables, truth_tables
from pointsman.store.database import Database
from pointsman.store.drift import horizons, predictions, truths

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    Described = tuple[DuckDBPyConnection, str, dict[str, Any], pa.Table]

HASH = re.compile(rf"[0-9a-f]{{{HASH_CHARS}}}")
"""What a recorded entity looks like where routers keep hashes."""

_MOST_ENTITIES = 20_000
"""Outcomes of so many entities are looked up one by one; of more, all outcomes are read."""


class ModelDescriptions:
    """Opens connections to what is known of models.

    Args:
        database: Where outcomes are, and logged predictions that are in no file yet.
        logged_files: Finds files of the others.
        engine: Where files are queried.
    """

    def __init__(self, database: Database, logged_files: LoggedFiles, engine: Engine) -> None:
        self._database = database
        self._logged_files = logged_files
        self._engine = engine

    def between(
        self, snapshot: ModelSnapshot, model_key: int, start_us: int, end_us: int
    ) -> contextlib.AbstractContextManager[Described]:
        """Opens a connection that knows all predictions, and the outcomes that those of a time can have.

        Args:
            snapshot: What routers recorded.
            model_key: The model's row.
            start_us: From this time on.
            end_us: Before this time.
        """
        window = pages.Window(start_us, end_us, _MOST_ENTITIES + 1)
        with self._database.read() as sql:
            entities = predictions.entities_between(sql, model_key, start_us, end_us, window.most)
            paths = self._logged_files.paths(sql, model_key, start_us, end_us)
        with self._engine.cursor() as connection, pages.recorded(connection, snapshot) as source:
            recorded = source.entities(window)
            entities += logged.entities_in(connection, paths, window)
        # Outcomes of hashes are found by going through all, and so are those of very many entities.
        if len(found := {*entities, *recorded}) > _MOST_ENTITIES or any(map(HASH.fullmatch, recorded)):
            return self.of(snapshot, model_key)
        return self.of(snapshot, model_key, sorted(found), all_logged=True)

    @contextlib.contextmanager
    def of(
        self,
        snapshot: ModelSnapshot,
        model_key: int,
        entity_ids: Sequence[str] | None = None,
        hashes: Sequence[str] = (),
        *,
        all_logged: bool = False,
    ) -> Iterator[Described]:
        """Opens a connection that knows a model's predictions and outcomes.

        Args:
            snapshot: What routers recorded.
            model_key: The model's row.
            entity_ids: Of what was logged and of outcomes only those of these entities; None for all.
            hashes: Of outcomes also those of entities with these hashes.
            all_logged: Whether what was logged is of all entities nevertheless.

        Yields:
            The connection, what goes before a query, its parameters, and outcomes in the order of places.
        """
        with self._database.read() as sql:
            each = truths.each(sql, model_key, entity_ids, hashes=hashes)
            kept = truth_tables(each, horizons.settled_us(sql, model_key))
            if entity_ids is not None and hashes:
                # Who stands behind a hash may have logged predictions, too.
                entity_ids = sorted({*entity_ids, *kept.column("entity_id").to_pylist()})
            named = None if all_logged else entity_ids
            waiting = logged_tables(predictions.heads(sql, model_key, named))
            paths = self._logged_files.paths(sql, model_key)
        tables = {"logged": waiting, "truths": kept}
        tables |= {f"tail_{place}": table for place, table in enumerate(snapshot.tables)}
        parts = [f"SELECT {ROW_COLUMNS} FROM {name} WHERE {RECORDED}" for name in tables if "tail" in name]
        parts.append(f"SELECT {ROW_COLUMNS} FROM logged")
        values: dict[str, Any] = {"began_us": snapshot.began_us} if len(parts) > 1 or snapshot.files else {}
        if snapshot.files:
            parts.append(f"SELECT {ROW_COLUMNS} FROM {FILES} WHERE {RECORDED}")
            values["files"] = list(snapshot.files)
        if paths:
            of_entities = "" if named is None else " WHERE entity_id IN (SELECT unnest($logged_entities))"
            parts.append(f"SELECT {ROW_COLUMNS} FROM {LOGGED}{of_entities}")
            values["logged_files"] = paths
            values |= {} if named is None else {"logged_entities": list(named)}
        with self._engine.cursor() as connection:
            for name, table in tables.items():
                connection.register(name, table)
            try:
                yield (
                    connection,
                    f"WITH predictions AS ({' UNION ALL '.join(parts)}), {MATCHES}",
                    values,
                    kept,
                )
            finally:
                for name in tables:
                    connection.unregister(name)
