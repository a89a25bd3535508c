"""Compares what shadows answered with what was answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pointsman.control.journals.applier import Applier
from pointsman.control.routing.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.keys import Principal
from pointsman.domain.measures.shadows import (
    LabelsOf,
    ShadowComparison,
    check_max_labels,
    check_was_shadow,
    chosen_shadow,
    labels_of,
)
from pointsman.domain.measures.windows import Window, window_of
from pointsman.domain.models import ModelKey
from pointsman.domain.violations import Violations
from pointsman.lake.reader import LakeReader, ShadowQuestion
from pointsman.store import model_versions
from pointsman.store.database import Database


@dataclass(frozen=True)
class SeenComparison:
    """A comparison with what it is of."""

    comparison: ShadowComparison
    shadow: str
    window: Window


class ShadowComparisons:
    """Answers how shadows compare.

    Args:
        database: Where routers, signatures and feedback are.
        applier: Who brings acknowledged feedback into the database.
        reader: Who reads what is recorded.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self, database: Database, applier: Applier, reader: LakeReader, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._applier = applier
        self._reader = reader
        self._clock = clock

    def compare(
        self,
        caller: Principal,
        router_id: str,
        variant: str,
        *,
        start_time_us: int | None,
        end_time_us: int | None,
        metric: str,
        max_labels: int,
    ) -> SeenComparison:
        """Compares a shadow's answers with those that were given.

        Args:
            caller: Who asks; decides whether the router is seen.
            router_id: The router.
            variant: The shadow; empty for the only one that the router has.
            start_time_us: Where the window begins; None for the first row that is kept.
            end_time_us: Where it ends; None means the present.
            metric: The metric whose feedback is what should have been predicted; empty for none.
            max_labels: At most so many pairs of labels are told; 0 for the default.

        Raises:
            InvalidArgumentError: A field is wrong, or it is not clear which shadow is meant.
            NotFoundError: There is no such router or shadow, or the caller may not know of it.
            ResourceExhaustedError: There are too many rows in this time, or another comparison is under way.
            UnavailableError: The records cannot be read now.
        """
        found = Violations()
        if variant:
            found.check_id("variant", variant)
        if metric:
            found.check_id("metric", metric)
        found.raise_if_any()
        asked = ShadowQuestion(metric, check_max_labels(max_labels))
        window = window_of(start_time_us, end_time_us, 0, self._clock())
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
        names = [shadow.name for shadow in router.shadows]
        shadow = chosen_shadow(variant, names, router_id)
        if metric:
            self._applier.apply_now()
        comparison = self._reader.compare_shadow(router, shadow, window, self._common_labels, asked)
        check_was_shadow(comparison, shadow, names, router_id)
        return SeenComparison(comparison, shadow, window)

    def _common_labels(self, pairs: Sequence[tuple[ModelKey, ModelKey]]) -> Sequence[LabelsOf]:
        """Answers which labels models share, as far as they are still registered."""
        with self._database.read() as connection:
            models = model_versions.find_many(connection, {key for pair in pairs for key in pair})
        return labels_of(pairs, {key: model.signature for key, model in models.items()})
