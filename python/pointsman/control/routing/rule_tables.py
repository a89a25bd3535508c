"""Rules before they are stored: checked by the core, with the tables of those that split their calls."""

import dataclasses
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from pointsman.control.convert.models import signature_to
from pointsman.control.convert.routers import router_to
from pointsman.domain.models import ModelKey, ModelVersion
from pointsman.domain.ports.core import RoutingCore
from pointsman.domain.routers import Router, SlotTable
from pointsman.domain.strategies.rules import FeatureRules, RuleTable
from pointsman.domain.variants import Variant
from pointsman.errors import FieldViolation, InvalidArgumentError
from pointsman.store import model_versions
from pointsman.v1 import snapshot_pb2


def settled(
    connection: Connection,
    core: RoutingCore,
    before: Router | None,
    after: Router,
    field: str = "router",
    known: Mapping[ModelKey, ModelVersion] | None = None,
) -> Router:
    """Checks a router's rules and gives those that split their calls their tables, with the fewest moves.

    Args:
        connection: A transaction.
        core: Who checks rules and computes tables.
        before: The router as it stands; None for a new one.
        after: The router as it shall be; one of another strategy is answered as it is.
        field: The path of the field that holds it.
        known: Registered model versions among those of its variants; None asks the database.

    Raises:
        InvalidArgumentError: Rules are wrong, with every field that is.
    """
    if not isinstance(after.policy, FeatureRules):
        return after
    if before is not None and (before.policy, before.variants) == (after.policy, after.variants):
        return dataclasses.replace(after, policy=before.policy)
    _check(connection, core, after, field, known)
    former = {}
    if before is not None and isinstance(before.policy, FeatureRules):
        former = {table.rule: table for table in before.policy.tables}
    tables = tuple(_tables(core, former, after.policy, after.variants))
    return dataclasses.replace(after, policy=dataclasses.replace(after.policy, tables=tables))


def _check(
    connection: Connection,
    core: RoutingCore,
    router: Router,
    field: str,
    known: Mapping[ModelKey, ModelVersion] | None,
) -> None:
    # What shadows take no rule needs to look at.
    keys = {variant.model_key for variant in router.pickable_variants}
    models = dict(known or {})
    missing = keys - models.keys()
    if missing:
        models |= model_versions.find_many(connection, missing)
    check = snapshot_pb2.RuleCheck(
        router=router_to(router, ""),
        signatures=[signature_to(models[key].signature) for key in sorted(keys) if key in models],
    )
    faults = core.rule_faults(check.SerializeToString())
    if faults:
        raise InvalidArgumentError.of(
            [FieldViolation(f"{field}.{fault.field}", fault.description) for fault in faults]
        )


def _tables(
    core: RoutingCore,
    former: Mapping[str, RuleTable],
    policy: FeatureRules,
    variants: Iterable[Variant],
) -> Iterable[RuleTable]:
    # By name, so that no slot depends on the order in which the variants are listed.
    ordered = sorted(variants, key=lambda variant: variant.name)
    names = tuple(variant.name for variant in ordered)
    for rule in policy.rules:
        if rule.weights is None:
            continue
        weights = dict(rule.weights)
        shares = [weights.get(variant.name, 0.0) if variant.is_pickable else 0.0 for variant in ordered]
        table = former.get(rule.name)
        runs = () if table is None else SlotTable(table.names, table.slot_runs).runs_for(names)
        moved, _ = core.reallocate_slots(runs, shares)
        yield RuleTable(rule.name, names, tuple(moved))
