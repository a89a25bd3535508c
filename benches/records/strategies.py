"""Bandits, rules on tensors and shadows, each recording, beside Envoy's weighted clusters and mirroring."""

import statistics
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benches.load import contestants, pointsman_server
from benches.load.pointsman_server import MODEL, Server
from benches.records.findings import Findings, Table
from benches.records.lake import read_journal, reading_database, wait_until_shipped
from benches.records.recording import FULL, QUICK, Party
from benches.records.stage import COLUMNS, ROUTER, SHAPE, SHAPE_IN_WORDS, Stage, signature

if TYPE_CHECKING:
    from pointsman.v1 import router_pb2

ENVOY, MIRRORING = "envoy", "envoy, 10 % mirrored"
BANDIT, RULES, SHADOW = "bandit", "10 rules on tensors", "10 % shadow"
MOST_CPU_RATIO = {BANDIT: 1.0, RULES: 1.1, SHADOW: 1.25}
SHADOW_SHARE = 0.1
LEAST_PAIRED_SHARE = 0.99
RULE_COUNT, CONDITION_COUNT = 10, 3


@dataclass(frozen=True)
class Copies:
    """What became of the calls whose entities' calls are copied.

    Attributes:
        intended: The calls that were recorded of entities that have a copy at all: entities keep whether
            theirs are copied.
        paired: Those with a shadow's answer beside them.
        recorded: All answers of the shadow.
    """

    intended: int
    paired: int
    recorded: int


def run(stage: Stage) -> Findings:
    """Measures the case."""
    pace = QUICK if stage.is_quick else FULL
    findings = Findings(
        "strategies",
        f"{SHAPE_IN_WORDS.partition('; a sticky')[0]}; {SHAPE.connections} connections × {SHAPE.streams} "
        f"streams; {pace.rounds} rounds of {pace.seconds:g} s after {pace.warmup_seconds:g} s of warm-up, in "
        "turns, and counted as in recording. Features and answers are recorded. The bandit is UCB1 over two "
        f"arms, whose table is new four times a second; the rules are {RULE_COUNT} of {CONDITION_COUNT} "
        "conditions on columns, of which the last one is the first that holds; the shadow gets those of a "
        "tenth of the entities",
    )
    routers = {BANDIT: bandit_router(), RULES: rules_router(), SHADOW: shadow_router()}
    with ExitStack() as stack:
        envoy = contestants.start_envoy(stack, stage.backends, stage.folder)
        mirroring = contestants.start_envoy(
            stack, stage.backends, stage.folder, MIRRORING, mirror_percent=round(SHADOW_SHARE * 100)
        )
        parties = {ENVOY: Party(envoy, lambda _: 0.0), MIRRORING: Party(mirroring, lambda _: 0.0)}
        servers = {}
        for name, router in routers.items():
            server = stage.start_server(stack, name.partition(" ")[2] or name, pace.seal_after_seconds)
            pointsman_server.deploy_router(server, stage.backends, router, signature())
            servers[name] = server
            caller = pointsman_server.contestant(server, name, ROUTER, "variant")
            parties[name] = Party(caller, _finish_of(server))
        for number in range(pace.rounds):
            names = list(parties)
            for name in names if number % 2 == 0 else reversed(names):
                parties[name].take_turn(stage, pace)
        _judge(findings, parties)
        for name, server in servers.items():
            findings.at_most(f"records dropped, {name}", read_journal(server).dropped, 0)
        _judge_copies(findings, servers[SHADOW])
    return findings


def _finish_of(server: Server) -> Callable[[int], float]:
    return lambda answered: wait_until_shipped(server, answered)


def _judge(findings: Findings, parties: dict[str, Party]) -> None:
    def ratios(name: str, beside: str) -> list[float]:
        pairs = zip(parties[name].turns, parties[beside].turns, strict=True)
        return [one.cpu_us_per_call / other.cpu_us_per_call for one, other in pairs]

    for name, limit in MOST_CPU_RATIO.items():
        found = ratios(name, ENVOY)
        findings.at_most(f"CPU per call, {name} / envoy", statistics.median(found), limit, spread=found)
    findings.tell(
        "CPU per call, 10 % shadow / envoy mirroring 10 %", statistics.median(ratios(SHADOW, MIRRORING))
    )
    table = Table(("", "calls/s", "CPU µs/call", "mean µs", "p50 µs", "p99 µs"))
    for name, party in parties.items():
        samples = [turn.sample for turn in party.turns]
        table.add(
            name,
            statistics.median(sample.calls_per_second for sample in samples),
            round(statistics.median(turn.cpu_us_per_call for turn in party.turns), 1),
            statistics.median(sample.mean_us for sample in samples),
            statistics.median(sample.p50_us for sample in samples),
            statistics.median(sample.p99_us for sample in samples),
        )
    findings.tables.append(table)


def _judge_copies(findings: Findings, server: Server) -> None:
    copies = count_copies(server)
    share = copies.paired / copies.intended if copies.intended else 0.0
    findings.at_least("intended copies that are recorded and paired", share, LEAST_PAIRED_SHARE)
    findings.at_most("answers of the shadow without their call", copies.recorded - copies.paired, 0)
    findings.notes.append(
        f"{copies.intended:,} calls of entities whose calls are copied, {copies.recorded:,} answers of the "
        "shadow"
    )


def count_copies(server: Server) -> Copies:
    """Counts calls and copies in the files of the manifest, by reading them.

    Args:
        server: Where a router with a shadow recorded.
    """
    import duckdb

    with reading_database(server.data_dir) as connection:
        listed = connection.execute(
            "SELECT kind, path FROM lake_files"
            " WHERE kind IN ('predictions', 'shadows') AND replace_time_us IS NULL"
        ).fetchall()
    paths: dict[str, list[str]] = {"predictions": [], "shadows": []}
    for kind, path in listed:
        paths[kind].append(str(server.data_dir / "lake" / path))
    if not all(paths.values()):
        return Copies(0, 0, 0)
    with closing(duckdb.connect()) as reader:
        counted = reader.execute(
            "WITH calls AS (SELECT prediction_id, entity_id"
            " FROM read_parquet($predictions, hive_partitioning = false)),"
            " copies AS (SELECT prediction_id, entity_id"
            " FROM read_parquet($shadows, hive_partitioning = false))"
            " SELECT (SELECT count(*) FROM calls SEMI JOIN copies USING (entity_id)),"
            " (SELECT count(*) FROM calls SEMI JOIN copies USING (prediction_id)),"
            " (SELECT count(*) FROM copies)",
            paths,
        ).fetchone()
    return Copies(*(counted or (0, 0, 0)))


def bandit_router() -> "router_pb2.Router":
    """A bandit whose table follows the calls themselves."""
    from pointsman.v1 import router_pb2

    router = _router(router_pb2.STRATEGY_BANDIT, 0.0, 0.0)
    router.sticky = False
    router.bandit.ucb1.alpha = 1.0
    return router


def rules_router() -> "router_pb2.Router":
    """Ten rules of three conditions on columns, of which the last is the first that holds."""
    from pointsman.v1 import router_pb2

    router = _router(router_pb2.STRATEGY_FEATURE_RULES, 0.0, 0.0)
    last = RULE_COUNT - 1
    for number in range(RULE_COUNT):
        rule = router.feature_rules.rules.add(name=f"rule-{number}", variant="b" if number == last else "a")
        for condition in range(CONDITION_COUNT):
            column = (number * CONDITION_COUNT + condition) % COLUMNS
            added = rule.conditions.add(
                feature=f"feature_{column:02}", operator=router_pb2.RULE_OPERATOR_GREATER_THAN
            )
            # All but the last rule ask for what no row has in its last condition.
            is_false = number != last and condition == CONDITION_COUNT - 1
            added.values.add(number_value=1e12 if is_false else -1e12)
    router.feature_rules.default_variant = "a"
    return router


def shadow_router() -> "router_pb2.Router":
    """A sticky 70/30 router with a shadow that gets the calls of a tenth of the entities."""
    from pointsman.v1 import router_pb2

    router = weighted_router()
    router.shadow_share = SHADOW_SHARE
    router.variants.add(name="s", model_id=MODEL, model_version="2", role=router_pb2.VARIANT_ROLE_SHADOW)
    return router


def weighted_router() -> "router_pb2.Router":
    """A sticky 70/30 router."""
    from pointsman.v1 import router_pb2

    return _router(router_pb2.STRATEGY_WEIGHTED, 70.0, 30.0)


def _router(strategy: "router_pb2.Strategy", *weights: float) -> "router_pb2.Router":
    from pointsman.v1 import router_pb2

    variants = [
        router_pb2.Variant(name=name, model_id=MODEL, model_version=version, weight=weight)
        for name, version, weight in zip("ab", "12", weights, strict=True)
    ]
    return router_pb2.Router(router_id=ROUTER, strategy=strategy, variants=variants, record_predictions=True)
