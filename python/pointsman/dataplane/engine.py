"""Decides without a server, by the server's own code: for tests, notebooks and simulations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pointsman import _core, errors
from pointsman.dataplane.offline_calls import METADATA_PREFIX, rows_of, stream_of, table_of
from pointsman.dataplane.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from pointsman.dataplane.offline_calls import Columns
    from pointsman.v1 import learning_pb2, snapshot_pb2


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
        self._features_of = _features_of_rules(state)

    def decide(
        self,
        router_id: str,
        calls: Sequence[str | None] | pa.Table | pa.RecordBatch | None = None,
        *,
        features: Columns | None = None,
        metadata: Columns | None = None,
    ) -> pa.Table:
        """Decides once for each call.

        Args:
            router_id: The router that decides.
            calls: The entities, None for a call without one; or rows with the text column ``entity_id``, in
                which rules also find the columns ``f_NAME`` and ``metadata.KEY`` as the lake names them. None
                means calls without entities, one for each row of the features.
            features: What rules read, a value for each call: a table, or a mapping of names to arrays of
                numpy or Arrow, or lists. Whole numbers stay whole, of all 64 bits; float32 and float16 are
                compared in their own types, as those of tensors are; truth values and text (also as a
                dictionary) are what they are. Null and NaN are missing; an empty text is there, and empty.
            metadata: The same of the calls' metadata, which is text, by key.

        Returns:
            A row for each: ``variant``, ``propensity``, ``reason``, ``randomised_by``, ``draw``, ``slot``,
            ``allocation_version``, ``epoch``, ``rule``; in the words of the lake, words as dictionaries.

        Raises:
            InvalidRequestError: There is no such router, a column that is read is of another type, there are
                not as many values as calls, rules read something and neither features nor metadata are
                given, or they read features of rows of the lake that do not have all of them.

        **What no column holds is missing**: a rule that looks at a feature or a key of metadata that is not
        given takes no call, as on a server when a call does not bring it. Columns that no rule reads are not
        looked at.

        **Columns of the lake are not all that rules read**: they hold FP32, FP16 and BF16 widened to doubles,
        which equal other numbers than those of the smaller type, and have neither parameters of ModelInfer
        nor lists, which are in ``features_other``; and each row of a batch has its own, though the first row
        decided. Rows whose ``features_content`` is not ``all`` are refused. ``pointsman replay`` decides
        recorded calls exactly, by what rules read of them (``rule_inputs``).

        A bandit decides by the shares of its last :meth:`update`, and counts the calls. What an operator's
        override takes while it lasts, no strategy decides, and it is not counted.
        """
        table = table_of(calls, features, metadata)
        self._check_features_are_whole(router_id, table, features)
        with translated():
            return rows_of(self._engine.decide(router_id, stream_of(table)))

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
            values: The reward of each, in the metric's unit; of a reward that is a sum, the whole sum.
            decided_at: The second of each decision, as :meth:`update` was told them; None means now. With a
                half-life a late reward weighs what its decision weighs.

        Returns:
            How many were counted.

        Raises:
            InvalidRequestError: The router is no bandit, or a reward is none of it; then none is counted.
        """
        with translated():
            return self._engine.observe_rewards(router_id, variants, values, decided_at)

    def update(self, router_id: str, seconds: float | None = None) -> list[float]:
        """Computes a bandit's shares of what is known, for the decisions that follow.

        Args:
            router_id: The bandit.
            seconds: The time that it is, for a half-life; it never goes back.

        Returns:
            The share of each variant, in the router's order.

        Raises:
            InvalidRequestError: The router is no bandit, or its algorithm does not take the totals.
        """
        with translated():
            return self._engine.update(router_id, seconds)

    def arm_totals(self, router_id: str) -> tuple[int, learning_pb2.RouterTotals]:
        """Answers what this engine itself counted of a bandit, and the number of these totals.

        Raises:
            InvalidRequestError: The router is no bandit.
        """
        from pointsman.v1 import learning_pb2

        with translated():
            sequence, totals = self._engine.arm_totals(router_id)
        return sequence, learning_pb2.RouterTotals.FromString(totals)

    def merge_arm_totals(
        self, router_id: str, replica: int, sequence: int, totals: learning_pb2.RouterTotals
    ) -> bool:
        """Takes what another engine counted, in the place of what it brought before.

        Args:
            router_id: The bandit.
            replica: Tells the other engines apart.
            sequence: The number of these totals; those with the highest hold, however often they come.
            totals: What the other one's :meth:`arm_totals` answered at this time.

        Returns:
            Whether they are newer than what was known, and of the same epoch.

        Raises:
            InvalidRequestError: The router is no bandit, or the totals name other variants.
        """
        with translated():
            return self._engine.merge_arm_totals(router_id, replica, sequence, totals.SerializeToString())

    def replay(
        self,
        router_id: str,
        records: pa.Table,
        *,
        features: Columns | None = None,
        metadata: Columns | None = None,
    ) -> pa.Table:
        """Decides calls again, with the bits that were drawn for them.

        Args:
            router_id: The router that decided.
            records: Rows with ``draw``, null where an entity decided or nothing was drawn, and
                ``entity_id``; as the lake has them, or as :meth:`decide` answers them with entities added.
                What columns of the lake lack of what rules read, :meth:`decide` says.
            features: What rules read, as :meth:`decide` takes it.
            metadata: The metadata that rules read, as :meth:`decide` takes it.

        Returns:
            The decisions, as :meth:`decide` answers them.

        Raises:
            InvalidRequestError: There is no such router, a row that is drawn lacks its bits, or what rules
                read is not as :meth:`decide` takes it.
        """
        table = table_of(records, features, metadata)
        self._check_features_are_whole(router_id, table, features)
        with translated():
            return rows_of(self._engine.replay(router_id, stream_of(table)))

    def _check_features_are_whole(self, router_id: str, table: pa.Table, features: Columns | None) -> None:
        """Refuses rows of the lake in which features that rules read may be absent though they were sent.

        Args:
            router_id: The router that decides.
            table: The calls and all that they bring.
            features: Those that came beside the calls, which ``features_content`` says nothing of.

        Raises:
            InvalidRequestError: There is such a row.
        """
        given = set() if features is None else set(_names(features))
        if not self._features_of.get(router_id, frozenset()) - given:
            return
        for place in table.schema.get_all_field_indices("features_content"):
            _check_content(table.column(place))


def _features_of_rules(
    state: snapshot_pb2.SnapshotUpdate | snapshot_pb2.RouterSnapshot,
) -> dict[str, frozenset[str]]:
    """Answers the features that each router's rules look at, by router."""
    from pointsman.v1 import snapshot_pb2

    routers = [state] if isinstance(state, snapshot_pb2.RouterSnapshot) else state.changed_routers
    return {
        router.router_id: frozenset(
            condition.feature
            for rule in router.settings.feature_rules.rules
            for condition in rule.conditions
            if not condition.feature.startswith(METADATA_PREFIX)
        )
        for router in routers
    }


def _names(columns: Columns) -> Iterable[str]:
    return columns if isinstance(columns, Mapping) else columns.schema.names


def _check_content(content: pa.ChunkedArray) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        words = content.cast(pa.string())
    except pa.ArrowException:
        raise errors.InvalidRequestError(
            f"features_content: is a column of type {content.type}; give the text of the lake, or leave it "
            "out where f_ columns hold all that calls brought"
        ) from None
    is_partial = pc.fill_null(pc.not_equal(words, "all"), fill_value=True)
    count = pc.sum(is_partial).as_py() or 0
    if not count:
        return
    row = pc.index(is_partial, value=True).as_py()
    more = f" and {count - 1} more are not 'all'" if count > 1 else ""
    raise errors.InvalidRequestError(
        f"features_content: row {row} is {words[row].as_py()!r}{more}, so that its f_ columns may lack what "
        "rules read; filter for 'all', give what rules read as features, or use pointsman replay, which "
        "reads rule_inputs"
    )
