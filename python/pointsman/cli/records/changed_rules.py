"""Which rule of a changed definition takes a recorded call, by the code that decides calls.

Records keep features as the model takes them, so a call is decided by these only where nothing hangs on how
the client sent them; where it does, it is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pointsman.cli.line.context import CommandError
from pointsman.cli.line.likely import likely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pointsman.client import Client, PredictionRecord
    from pointsman.domain.models import ModelKey
    from pointsman.domain.routers import Router
    from pointsman.v1 import model_pb2, router_pb2

_LARGE_WHOLE = re.compile(r"-?[0-9]{16,}")
"""Whole numbers from 2^53 on are text in records, as texts of digits are."""
_INFINITIES = ("Infinity", "-Infinity")
"""Infinities are text in records, as texts of these words are."""
_MOST_NAMES = 10
"""So many recorded features are listed where a rule's is not among them."""

_Values = tuple[Any, ...]


class ChangedRules:
    """The rules of a changed definition, and where the calls of each go.

    Args:
        file: Where the definition is, for messages.
        message: The definition.
        router: The same, read.

    Attributes:
        shares: The share of each variant among the calls of each rule, in the rules' order, and last among
            those that no rule takes.

    Raises:
        CommandError: The rules are not valid, or look at metadata.
    """

    def __init__(self, file: str, message: router_pb2.Router, router: Router) -> None:
        from pointsman.dataplane.engine import OfflineEngine
        from pointsman.dataplane.offline_calls import METADATA_PREFIX
        from pointsman.errors import PointsmanError
        from pointsman.v1 import router_pb2, snapshot_pb2

        self._file = file
        self._message = message
        self._models = {variant.model_key for variant in router.pickable_variants}
        self._recorded: set[str] = set()
        rules = message.feature_rules
        names = {condition.feature: None for rule in rules.rules for condition in rule.conditions}
        self._features = list(names)
        for name in self._features:
            if name.startswith(METADATA_PREFIX):
                raise CommandError(
                    f"--changed: {file} has a rule on {name}, and metadata is not recorded; only rules on "
                    "features can be estimated"
                )
        self._check_rules(())
        pickable = {variant.name for variant in router.variants if variant.is_pickable}
        self.shares: list[Mapping[str, float]] = [
            {rule.variant: 1.0}
            if rule.WhichOneof("target") == "variant"
            else {name: weight for name, weight in rule.split.weights.items() if name in pickable}
            for rule in rules.rules
        ]
        by_default = router.policy.shares(router.variants)
        self.shares.append(dict(zip((variant.name for variant in router.variants), by_default, strict=True)))
        self._places = {rule.name: place for place, rule in enumerate(rules.rules)}
        self._roundings = {name: _roundings(rules.rules, name) for name in self._features}
        # Which rule takes a call does not hang on where it sends it, and splits would need tables.
        first = next(place for place, variant in enumerate(router.variants) if variant.is_pickable)
        published = snapshot_pb2.RouterSnapshot(
            router_id=router.router_id,
            strategy=router_pb2.STRATEGY_FEATURE_RULES,
            status=router_pb2.ROUTER_STATUS_RUNNING,
            variants=message.variants,
            salt=bytes(16),
            slot_runs=[first, 10_000],
        )
        published.settings.feature_rules.CopyFrom(rules)
        published.settings.feature_rules.default_variant = router.variants[first].name
        for rule in published.settings.feature_rules.rules:
            rule.variant = router.variants[first].name
        try:
            self._engine = OfflineEngine(published)
        except PointsmanError as error:
            raise CommandError(f"{file}: {error}") from error
        self._router_id = router.router_id

    def check_features(self, client: Client, router_id: str) -> None:
        """Refuses rules on features that the variants do not take or the router does not record.

        Raises:
            CommandError: There is one of them.
        """
        self._check_rules(_signatures(client, self._models))
        recording = client.routers.get(router_id).recording
        for name in self._features:
            if recording is not None and name in recording.exclude_features:
                raise CommandError(
                    f"--changed: {self._file} has a rule on {name}, which {router_id} does not record "
                    "(exclude_features); only rules on recorded features can be estimated"
                )

    def values_of(self, record: PredictionRecord) -> _Values:
        """Answers what the rules read of a call.

        Raises:
            CommandError: It is not recorded, or not told apart from something else.
        """
        if record.features_content != "all":
            raise self._refused(record, f"has features that are {record.features_content}")
        if record.row:
            raise self._refused(record, "is a batch, which its first row decides")
        self._recorded.update(record.features)
        return tuple(self._value(record, name) for name in self._features)

    def missing(self, calls: Sequence[_Values]) -> list[str]:
        """Answers warnings of features that some of the calls have no value of, a text each.

        A record does not tell a feature that was not sent from one that it does not hold.

        Args:
            calls: What the rules read of each, as :meth:`values_of` answers it.

        Raises:
            CommandError: None of the calls has a value of a feature.
        """
        warnings = []
        for place, name in enumerate(self._features):
            count = sum(values[place] is None for values in calls)
            if count and count == len(calls):
                raise self._unrecorded(name, count)
            if count:
                warnings.append(
                    f"feature {name}: {count} of {len(calls)} calls have none recorded; they are taken to "
                    "have been sent without it"
                )
        return warnings

    def groups(self, calls: Sequence[_Values]) -> list[int]:
        """Answers which of the shares each call has."""
        groups = [len(self.shares) - 1] * len(calls)
        if not self._features:
            return groups
        by_kind: dict[tuple[type, ...], list[int]] = {}
        for place, values in enumerate(calls):
            by_kind.setdefault(tuple(map(type, values)), []).append(place)
        for places in by_kind.values():
            columns = zip(*(calls[place] for place in places), strict=True)
            brought = dict(zip(self._features, map(list, columns), strict=True))
            decided = self._engine.decide(self._router_id, features=brought)
            for place, rule in zip(places, decided.column("rule").to_pylist(), strict=True):
                if rule is not None:
                    groups[place] = self._places[rule]
        return groups

    def _value(self, record: PredictionRecord, name: str) -> bool | float | str | None:
        value = _found(record.features, name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(value, float) and value in self._roundings[name]:
            why = "which equals the rule's number or not by the type in which it was sent"
            raise self._refused(record, f"has {name} {value!r}, {why}")
        if isinstance(value, str) and _LARGE_WHOLE.fullmatch(value):
            raise self._refused(record, f"has {name} {value!r}, a large number or a text of its digits")
        if value in _INFINITIES:
            raise self._refused(record, f"has {name} {value!r}, an infinite number or a text of that word")
        if value is not None and not isinstance(value, (bool, float, str)):
            raise self._refused(record, f"has a list or an object as {name}")
        return value

    def _check_rules(self, signatures: Sequence[model_pb2.Signature]) -> None:
        from pointsman.dataplane.core import NativeCore
        from pointsman.v1 import snapshot_pb2

        check = snapshot_pb2.RuleCheck(router=self._message, signatures=signatures)
        faults = NativeCore.rule_faults(check.SerializeToString())
        if faults:
            told = (f"{self._file}: {fault.field}: {fault.description}" for fault in faults)
            raise CommandError("\n".join(told))

    def _unrecorded(self, name: str, count: int) -> CommandError:
        if name == "entity_id":
            why = "it is a parameter of ModelInfer or the entity, which records do not hold as a feature"
        else:
            why = (
                "it is misspelt, recorded under another name, left out by exclude_features (of its column or "
                "its whole input), or a parameter of ModelInfer, which records do not hold"
            )
        known = sorted(self._recorded)
        listed = ", ".join(known[:_MOST_NAMES]) or "no features"
        more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
        question = likely(name, known)
        return CommandError(
            f"--changed: {self._file} has a rule on {name}, of which none of the {count} calls has a value "
            f"recorded; perhaps {why}. Recorded are {listed}{more}.{' ' * bool(question)}{question} Correct "
            "the rule, or take a window in which it is recorded"
        )

    def _refused(self, record: PredictionRecord, why: str) -> CommandError:
        return CommandError(
            f"--changed: prediction {record.prediction_id} {why}; what the rules of {self._file} would do "
            "with it is not known; take a window without such calls"
        )


def _signatures(client: Client, models: Iterable[ModelKey]) -> list[model_pb2.Signature]:
    """Answers what the variants' model versions take; none where it is not known of one of them."""
    from pointsman.client import NotFoundError, PermissionDeniedError
    from pointsman.client._convert import fill_message
    from pointsman.v1 import model_pb2

    found = []
    for key in sorted(models):
        try:
            signature = client.models.get(key.model_id, key.version).signature
        except (NotFoundError, PermissionDeniedError):
            return []
        if signature is None or not signature.inputs:
            return []
        found.append(model_pb2.Signature())
        fill_message(found[-1], signature)
    return found


def _found(features: Mapping[str, Any], name: str) -> Any:
    """Answers a feature as rules find it: a list of one value is that value, ``x_3`` an element of ``x``."""
    if name in features:
        value = features[name]
        return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
    prefix, _, number = name.rpartition("_")
    values = features.get(prefix)
    if isinstance(values, (list, tuple)) and number.isdecimal() and str(int(number)) == number:
        return values[int(number)] if int(number) < len(values) else None
    return None


def _roundings(rules: Sequence[router_pb2.FeatureRule], name: str) -> frozenset[float]:
    """Answers what smaller types make of the numbers that a feature is compared with, where it is another.

    Rounding keeps the order, so that a number compares alike in each type unless it is one of these.
    """
    from pointsman.dataplane.core import NativeCore

    found = set()
    for rule in rules:
        for condition in rule.conditions:
            if condition.feature != name:
                continue
            for value in condition.values:
                try:
                    number = float(value.string_value or value.number_value)
                except ValueError:
                    continue
                found |= {rounded for rounded in NativeCore.roundings(number) if rounded != number}
    return frozenset(found)
