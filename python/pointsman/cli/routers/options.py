"""The options that ``pointsman routers create`` and ``update`` share: whatever one can set, the other can.

All are None where the line does not say them: a new router has the default then, an existing one keeps its
own. What ``routers get`` says of each setting stands here, too, so that the command names it in one place.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.output import printing
from pointsman.cli.routers import recording_options
from pointsman.cli.strategies import bandit_options

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pointsman.client import Router, Variant


class FallbackName(StrEnum):
    """Where calls of a variant go that no live backend serves."""

    NONE = "none"
    CONTROL = "control"
    ANY_HEALTHY = "any_healthy"


@dataclass(frozen=True)
class RouterOptions:
    """What a line sets of a router besides its variants."""

    strategy: bandit_options.Strategy = None
    percent: Annotated[
        float | None,
        commandline.Option(
            metavar="PERCENT",
            min=0,
            max=100,
            help="What the canary gets, 0 to 100: makes a new router one of strategy canary.",
        ),
    ] = None
    rules: Annotated[
        str | None,
        commandline.Option(
            metavar="FILE|-",
            help="Rules on features, as YAML or JSON: makes a new router one of strategy feature_rules.",
        ),
    ] = None
    algorithm: bandit_options.Algorithm = None
    algorithm_number: bandit_options.AlgorithmNumber = None
    reward_metric: bandit_options.RewardMetric = None
    reward: bandit_options.Reward = None
    exploration_floor: bandit_options.ExplorationFloor = None
    uniform_slice: bandit_options.UniformSlice = None
    half_life: bandit_options.HalfLife = None
    warm_up_pulls: bandit_options.WarmUpPulls = None
    feedback_window: bandit_options.FeedbackWindow = None
    missing_reward: bandit_options.MissingReward = None
    sticky_update_interval: bandit_options.StickyUpdateInterval = None
    control: Annotated[
        str | None,
        commandline.Option(
            metavar="VARIANT",
            complete=names.variants_of_line,
            help="The variant that the others are compared with.",
        ),
    ] = None
    canary: Annotated[
        str | None,
        commandline.Option(
            metavar="VARIANT", complete=names.variants_of_line, help="The variant that is on trial."
        ),
    ] = None
    shadow: Annotated[
        list[str] | None,
        commandline.Option(
            metavar="NAME=MODEL:VERSION",
            help="A variant that gets copies of calls, after their answers, and never a call; those given "
            "are all it has, an empty one takes all away.",
        ),
    ] = None
    shadow_share: Annotated[
        float | None,
        commandline.Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="The share of calls that shadows get copies of, 0 to 1; all for a new router.",
        ),
    ] = None
    display_name: Annotated[str | None, commandline.Option(help="A name for people.")] = None
    description: Annotated[str | None, commandline.Option(help="A short text for people.")] = None
    tag: Annotated[
        list[str] | None,
        commandline.Option(
            help="A word to find it by; those given are all it has, an empty one takes all away."
        ),
    ] = None
    sticky: Annotated[
        bool | None,
        commandline.Option(
            "--sticky/--not-sticky",
            help="Whether an entity keeps its variant; in a new router it does, but for bandits.",
        ),
    ] = None
    allow_single: Annotated[
        bool | None,
        commandline.Option("--allow-single/--no-single", help="Whether one enabled variant is enough."),
    ] = None
    fallback: Annotated[
        FallbackName | None,
        commandline.Option(
            help="Where calls of a variant go that no live backend serves; nowhere for a new router."
        ),
    ] = None
    ignore_version: Annotated[
        bool | None,
        commandline.Option(
            "--ignore-version/--allow-version", help="Whether the model version that callers name is ignored."
        ),
    ] = None
    answer_router_name: Annotated[
        bool | None,
        commandline.Option(
            "--answer-router-name/--answer-model-name",
            help="Whether answers bear the router's id as model name, or the model's.",
        ),
    ] = None
    default_timeout: Annotated[
        str | None,
        commandline.Option(
            metavar="DURATION",
            help="The deadline of calls that bring none, e.g. 250ms or 2s; 0s is the server's default.",
        ),
    ] = None
    record: recording_options.Record = None
    features_share: recording_options.FeaturesShare = None
    exclude_feature: recording_options.ExcludeFeature = None
    max_body_bytes: recording_options.MaxBodyBytes = None
    record_entity: recording_options.RecordEntity = None
    durable: recording_options.Durable = None
    retention_days: recording_options.RetentionDays = None
    retention_bytes: recording_options.RetentionBytes = None
    metric: recording_options.Metric = None
    corrections: recording_options.Corrections = None

    def fields(self) -> dict[str, Any]:
        """Answers the fields of a router that the line sets, by their names, without its recording.

        Raises:
            commandline.BadParameter: A value is of another form.
        """
        from pointsman.client import Canary, Fallback, Strategy, VersionPinning

        if self.percent is not None and self.rules is not None:
            raise commandline.BadParameter("a router has rules or a canary, not both", param_hint="--rules")
        self._check_strategy()
        rules = None
        if self.rules is not None:
            from pointsman.cli.strategies.rules_file import read_rules

            rules = read_rules(self.rules)
        said: dict[str, Any] = {
            "strategy": None if self._strategy is None else Strategy(self._strategy.value),
            "feature_rules": rules,
            "canary": None if self.percent is None else Canary(self.percent),
            "display_name": self.display_name,
            "description": self.description,
            "tags": None if self.tag is None else [word for word in self.tag if word],
            "sticky": self.sticky,
            "allow_single": self.allow_single,
            "shadow_share": self.shadow_share,
            "fallback": None if self.fallback is None else Fallback(self.fallback.value),
            "version_pinning": None
            if self.ignore_version is None
            else (VersionPinning.IGNORE if self.ignore_version else VersionPinning.ALLOW),
            "answer_router_name": self.answer_router_name,
            "default_timeout": arguments.duration(self.default_timeout or "", "--default-timeout"),
            "record_predictions": self.record,
            "metrics": None
            if self.metric is None
            else [arguments.metric(item) for item in self.metric if item],
            "allow_feedback_corrections": self.corrections,
        }
        return {name: value for name, value in said.items() if value is not None}

    def new_fields(self) -> dict[str, Any]:
        """Answers the fields of a new router that the line sets, as :meth:`fields` does.

        Raises:
            commandline.BadParameter: A value is of another form.
        """
        fields = self.fields()
        if self.is_bandit:
            declared = fields.get("metrics", [])
            fields["bandit"] = bandit = self.learning.bandit(None, declared)
            if declared and self.learning.takes_rates_only():
                fields["metrics"] = bandit_options.rate_metrics(declared, bandit.metric)
        return fields

    @property
    def is_bandit(self) -> bool:
        """Whether a new router of this line is a bandit."""
        return self._strategy is bandit_options.StrategyName.BANDIT

    @property
    def learning(self) -> bandit_options.BanditSaid:
        """What the line says of a bandit."""
        return bandit_options.BanditSaid(
            self.algorithm,
            self.algorithm_number,
            self.reward_metric,
            self.exploration_floor,
            self.uniform_slice,
            self.half_life,
            self.warm_up_pulls,
            self.feedback_window,
            self.missing_reward,
            self.sticky_update_interval,
            self.reward,
        )

    @property
    def _strategy(self) -> bandit_options.StrategyName | None:
        """How a new router of this line picks; None where nothing is said of it."""
        names = bandit_options.StrategyName
        if self.strategy is not None:
            return self.strategy
        if self.learning.any:
            return names.BANDIT
        if self.rules is not None:
            return names.FEATURE_RULES
        return None if self.percent is None else names.CANARY

    def _check_strategy(self) -> None:
        names = bandit_options.StrategyName
        said = {
            names.CANARY: ("--percent", self.percent is not None),
            names.FEATURE_RULES: ("--rules", self.rules is not None),
            names.BANDIT: ("what a bandit learns by", self.learning.any),
        }
        for strategy, (option, is_said) in said.items():
            if is_said and self._strategy is not strategy:
                raise commandline.BadParameter(
                    f"{option} is for strategy {strategy}, and the router's is {self._strategy}; drop one",
                    param_hint="--strategy",
                )

    @property
    def names_roles(self) -> bool:
        """Whether the line says which variant is control or canary."""
        return self.control is not None or self.canary is not None

    def with_roles(self, variants: Sequence[Variant]) -> list[Variant]:
        """Answers variants with the roles that the line names; who had one that goes to another has none.

        Raises:
            commandline.BadParameter: It names none of the variants, or one for both.
        """
        from pointsman.client import VariantRole

        named = {VariantRole.CONTROL: self.control, VariantRole.CANARY: self.canary}
        if self.control is not None and self.control == self.canary:
            raise commandline.BadParameter(f"{self.canary} is the control", param_hint="--canary")
        known = [variant.name for variant in variants]
        for role, name in named.items():
            if name is not None and name not in known:
                raise commandline.BadParameter(
                    f"{name} is none of the variants, {', '.join(known)}", param_hint=f"--{role}"
                )
        roles = {name: role for role, name in named.items() if name is not None}
        given = set(roles.values())
        return [
            dataclasses.replace(variant, role=roles[variant.name])
            if variant.name in roles
            else dataclasses.replace(variant, role=VariantRole.UNSPECIFIED)
            if variant.role in given
            else variant
            for variant in variants
        ]

    def with_shadows(
        self, variants: Sequence[Variant], before: Sequence[Variant] = (), named: Collection[str] = ()
    ) -> list[Variant]:
        """Answers variants with the shadows that the line names behind them.

        Args:
            variants: The variants that the line names otherwise, or that stay.
            before: The variants of the router as it is; where the line names no shadow, its shadows stay.
            named: Those that the line names otherwise: where it says which the shadows are, these are none.

        Raises:
            commandline.BadParameter: A shadow is of another form, or named as another variant, too.
        """
        from pointsman.client import VariantRole

        if self.shadow is None:
            known = {variant.name for variant in variants}
            return [
                *variants,
                *(one for one in before if one.role is VariantRole.SHADOW and one.name not in known),
            ]
        others = [
            dataclasses.replace(variant, role=VariantRole.UNSPECIFIED)
            if variant.role is VariantRole.SHADOW
            else variant
            for variant in variants
            if variant.role is not VariantRole.SHADOW or variant.name in named
        ]
        taken = {variant.name for variant in others}
        enabled = {variant.name: variant.enabled for variant in before}
        shadows = [arguments.shadow(item) for item in self.shadow if item]
        for shadow in shadows:
            if shadow.name in taken:
                raise commandline.BadParameter(
                    f"{shadow.name} is a variant that gets calls; name the shadow otherwise, or take that "
                    "variant away",
                    param_hint="--shadow",
                )
        return [
            *others,
            *(dataclasses.replace(shadow, enabled=enabled.get(shadow.name, True)) for shadow in shadows),
        ]

    def recording(self) -> dict[str, Any]:
        """Answers the fields of the router's recording that the line sets."""
        return recording_options.recording_changes(
            self.features_share,
            self.exclude_feature,
            self.max_body_bytes,
            self.record_entity,
            self.durable,
            self.retention_days,
            self.retention_bytes,
        )


def in_words(router: Router) -> list[tuple[str, str]]:
    """Says what a router is set to, as ``routers get`` shows it: each setting by its name for people.

    One that is as it is without any option is not told, but for what is recorded and how it picks.
    """
    from pointsman.client import Fallback, VersionPinning

    stand_ins = {Fallback.CONTROL: "to the control", Fallback.ANY_HEALTHY: "to any healthy variant"}
    timeout = router.default_timeout
    return [
        ("name", router.display_name if router.display_name != router.router_id else ""),
        ("description", router.description),
        ("strategy", f"{router.strategy}, {'sticky' if router.sticky else 'not sticky'}"),
        ("shadows", _shadows(router)),
        ("fallback", stand_ins.get(router.fallback, "")),
        ("single", "allowed" if router.allow_single else ""),
        (
            "versions",
            "those that callers name are ignored" if router.version_pinning is VersionPinning.IGNORE else "",
        ),
        ("answers as", router.router_id if router.answer_router_name else ""),
        ("timeout", f"{timeout.total_seconds():g} s" if timeout else ""),
        ("records", recording_options.told(router.recording, router.record_predictions)),
        ("corrections", "allowed" if router.allow_feedback_corrections else ""),
    ]


def _shadows(router: Router) -> str:
    """Says which share of calls shadows get copies of; nothing without any."""
    from pointsman.client import VariantRole

    names = [one.name for one in router.variants if one.role is VariantRole.SHADOW and one.enabled]
    if not names:
        return ""
    share = "every call" if router.shadow_share == 1 else f"{printing.percent(router.shadow_share)} of calls"
    return f"{', '.join(names)} get{'s' if len(names) == 1 else ''} a copy of {share}"
