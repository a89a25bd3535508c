"""Decides without a server, by the server's own code: for tests, notebooks and simulations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman import _core
from pointsman.dataplane.translation import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from pointsman.v1 import snapshot_pb2


class OfflineEngine:
    """A published state, or a router as it was published once, and random draws of a seed.

    Args:
        state: The state; of a single router its model versions need not be known.
        seed: The same decisions come of the same seed and the same calls.

    Raises:
        InvalidSnapshotError: The state is not valid; the message starts with the field.
    """

    def __init__(
        self, state: snapshot_pb2.SnapshotUpdate | snapshot_pb2.RouterSnapshot, seed: int = 0
    ) -> None:
        with translated():
            self._engine = _core.Engine(state.SerializeToString(), seed)

    def decide(self, router_id: str, calls: Sequence[str | None] | pa.Table) -> pa.Table:
        """Decides once for each call.

        Args:
            router_id: The router that decides.
            calls: The entities, None for a call without one; or rows with the text column ``entity_id``.

        Returns:
            A row for each: ``variant``, ``propensity``, ``reason``, ``randomised_by``, ``draw``, ``slot``,
            ``allocation_version``, ``epoch``; in the words and types of the lake, words as dictionaries.

        Raises:
            InvalidRequestError: There is no such router, or a column is of another type.
        """
        with translated():
            return _rows_of(self._engine.decide(router_id, _stream_of(_table_of(calls))))

    def replay(self, router_id: str, records: pa.Table) -> pa.Table:
        """Decides calls again, with the bits that were drawn for them.

        Args:
            router_id: The router that decided.
            records: Rows with ``draw``, null where an entity decided, and ``entity_id``; as the lake has
                them, or as :meth:`decide` answers them with the entities added.

        Returns:
            The decisions, as :meth:`decide` answers them.

        Raises:
            InvalidRequestError: There is no such router, or a row that is drawn lacks its bits.
        """
        with translated():
            return _rows_of(self._engine.replay(router_id, _stream_of(records)))


def _table_of(calls: Sequence[str | None] | pa.Table) -> pa.Table:
    import pyarrow as pa

    if isinstance(calls, pa.Table):
        return calls
    return pa.table({"entity_id": pa.array(calls, pa.string())})


def _stream_of(table: pa.Table) -> bytes:
    import pyarrow as pa

    read = [name for name in ("entity_id", "draw") if name in table.column_names]
    # A table without columns has no rows.
    wanted = table.select(read or table.column_names[:1])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, wanted.schema) as writer:
        writer.write_table(wanted)
    return bytes(sink.getvalue().to_pybytes())


def _rows_of(stream: bytes) -> pa.Table:
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()
