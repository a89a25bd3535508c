"""``--shadow`` of routers, and ``shadows compare``: what is asked, and what people and programs are told."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import router_pb2

SHADOW = router_pb2.VARIANT_ROLE_SHADOW
COMPARE = "RouterService/GetShadowComparison"


def run(server: Any, *arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(app, [*arguments, "--server", server.address], **more)


@pytest.fixture
def routers(server: Any) -> Any:
    """A server with a router of one variant and one shadow that is off."""
    lr = router_pb2.Variant(name="lr", model_id="cancer", model_version="1", weight=70, enabled=True)
    gb = router_pb2.Variant(name="gb", model_id="cancer", model_version="2", enabled=False, role=SHADOW)
    router = router_pb2.Router(router_id="cancer", variants=[lr, gb], etag="e1", shadow_share=0.25)
    for method in ("GetRouter", "CreateRouter", "UpdateRouter"):
        server.on(f"RouterService/{method}", router)
    return server


def variants_sent(server: Any, *arguments: str) -> Any:
    result = run(server, "routers", *arguments)
    assert result.exit_code == 0, result.stderr
    (request,) = server.asked("RouterService/" + arguments[0].title() + "Router")
    return [
        (one.name, one.model_version, one.weight, one.enabled, one.role == SHADOW)
        for one in request.router.variants
    ]


def test_a_shadow_is_made_beside_the_variants(routers: Any) -> None:
    line = (
        "create",
        "cancer",
        "--variant",
        "lr=cancer:1",
        "--shadow",
        "nn=cancer:3",
        "--shadow-share",
        "0.1",
    )
    assert variants_sent(routers, *line) == [("lr", "1", 100, True, False), ("nn", "3", 0, True, True)]
    (request,) = routers.asked("RouterService/CreateRouter")
    assert request.router.shadow_share == 0.1


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        # One that is named anew keeps whether it is on; those that are not named are none any more.
        (["--shadow", "gb=cancer:4"], [("lr", "1", 70, True, False), ("gb", "4", 0, False, True)]),
        (["--shadow", "nn=cancer:4"], [("lr", "1", 70, True, False), ("nn", "4", 0, True, True)]),
        (["--shadow", ""], [("lr", "1", 70, True, False)]),
        # A line about other variants says nothing of shadows.
        (["--variant", "lr=cancer:5"], [("lr", "5", 70, True, False), ("gb", "2", 0, False, True)]),
        (
            ["--variant", "lr=cancer:1", "--variant", "gb=cancer:2@30", "--shadow", ""],
            [("lr", "1", 70, True, False), ("gb", "2", 30, False, False)],
        ),
    ],
)
def test_shadows_are_changed_by_their_option_and_by_no_other(
    routers: Any, said: list[str], wanted: list[Any]
) -> None:
    assert variants_sent(routers, "update", "cancer", *said) == wanted


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("gb=cancer:2@5", "a shadow has no weight"),
        ("gb", "is not NAME=MODEL:VERSION"),
        ("lr=cancer:2", "lr is a variant that gets calls"),
    ],
)
def test_a_shadow_of_another_form_is_refused(routers: Any, said: str, words: str) -> None:
    result = run(routers, "routers", "update", "cancer", "--shadow", said)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", "").split())


def test_what_a_router_copies_is_shown(routers: Any) -> None:
    told = run(routers, "routers", "get", "cancer").stdout
    assert "shadows:" not in told, "the only one is off"
    assert "shadow" in told


def proportion(count: int, total: int) -> router_pb2.Proportion:
    return router_pb2.Proportion(count=count, total=total, share=count / total, low=0.1, high=0.9)


def a_comparison() -> router_pb2.ShadowComparison:
    latency = router_pb2.LatencyMetrics(
        mean_seconds=0.01, p50_seconds=0.01, p90_seconds=0.02, p99_seconds=0.03
    )
    distance = router_pb2.ValueDistance(
        pair_count=90, mean_absolute=0.0123, root_mean_square=0.02, max_absolute=0.5, equal_share=0.25
    )
    labels = router_pb2.LabelAgreement(agreement=proportion(80, 90), other_count=2)
    labels.pairs.add(primary_label="benign", shadow_label="benign", count=50)
    labels.pairs.add(primary_label="malignant", shadow_label="benign", count=38)
    accuracy = router_pb2.PairedAccuracy(pair_count=40)
    accuracy.labels.CopyFrom(
        router_pb2.LabelAccuracy(
            primary=proportion(30, 40), shadow=proportion(36, 40), primary_only_count=1, shadow_only_count=7,
            difference=0.15, difference_low=0.01, difference_high=0.28, mcnemar_p_value=0.0703,
        )
    )  # fmt: skip
    total = router_pb2.ShadowFigures(
        primary_count=120, pair_count=100, answered_pair_count=90, unpaired_counts={"not_copied": 20},
        primary_errors=proportion(4, 100), shadow_errors=proportion(9, 100), labels=labels,
        confidences=distance, accuracy=accuracy,
        probabilities=router_pb2.ProbabilityDistance(pair_count=90, mean_total_variation=0.02),
        scores=router_pb2.ScoreComparison(
            kind=router_pb2.SCORE_KIND_PROBABILITY, label="malignant", pair_count=90, ks_statistic=0.12,
            ks_p_value=0.5, population_stability_index=0.03,
        ),
        backend=router_pb2.PairedLatency(
            pair_count=90, primary=latency, shadow=latency, mean_difference_seconds=-0.002,
            mean_difference_low_seconds=-0.003, mean_difference_high_seconds=-0.001,
        ),
    )  # fmt: skip
    total.not_compared.add(
        figure="probabilities", reason=router_pb2.NOT_COMPARED_REASON_DIFFERENT_LABELS, pair_count=3
    )
    found = router_pb2.ShadowComparison(
        router_id="cancer", variant="next", total=total, shadow_only_count=1, metric="truth",
        model_id="cancer", model_version="3",
    )  # fmt: skip
    found.other_versions.add(model_id="cancer", model_version="2", row_count=17)
    found.end_time.FromSeconds(1_790_000_000)
    for name in ("lr", "gb"):
        found.primaries.add().CopyFrom(total)
        found.primaries[-1].primary_variant = name
    return found


def test_a_comparison_is_told_within_eighty_columns(server: Any) -> None:
    server.on(COMPARE, a_comparison())
    result = run(server, "shadows", "compare", "cancer", "--metric", "truth", env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.stderr
    (asked,) = server.asked(COMPARE)
    assert (asked.router_id, asked.variant, asked.metric, asked.max_labels) == ("cancer", "", "truth", 20)
    assert [line for line in result.stdout.splitlines() if len(line) > 80] == []
    told = " ".join(result.stdout.split())
    for words in (
        "answers of next to copies of calls of cancer",
        "model: cancer:3",
        "same label: 88.9% (10.0% to 90.0%)",
        "KS 0.120 (p 0.5), PSI 0.030, of probability of malignant",
        "slower by: -2.00 ms (-3.00 ms to -1.00 ms)",
        "more right by: 15.0% (1.0% to 28.0%), McNemar's p 0.07",
        "malignant benign 38 42.2%",
        "and 2 pairs of other labels",
    ):
        assert words in told, words
    assert "20 calls have no answer beside them: were not copied" in result.stderr
    assert "1 answers of next stand alone" in result.stderr
    assert "17 answers of next are left out: they are of cancer:2" in result.stderr
    assert "probabilities of 3 pairs not compared: the signatures name other labels" in result.stderr


def test_programs_get_all_of_it(server: Any) -> None:
    server.on(COMPARE, a_comparison())
    line = (
        "shadows",
        "compare",
        "cancer",
        "--variant",
        "next",
        "--since",
        "2026-01-01T00:00:00Z",
        "-o",
        "json",
    )
    result = run(server, *line)
    found = json.loads(result.stdout)
    assert found["total"]["accuracy"]["labels"]["shadow_only_count"] == 7
    assert found["total"]["scores"]["kind"] == "probability"
    assert found["total"]["numbers"] is None
    assert found["total"]["not_compared"][0]["reason"] == "different_labels"
    (asked,) = server.asked(COMPARE)
    assert (asked.variant, asked.start_time.seconds > 0) == ("next", True)


def test_without_pairs_nothing_but_that_is_told(server: Any) -> None:
    total = router_pb2.ShadowFigures(primary_count=3, unpaired_counts={"not_copied": 3})
    for figure in ("labels", "scores"):
        total.not_compared.add(figure=figure, reason=router_pb2.NOT_COMPARED_REASON_NO_PAIRS)
    server.on(COMPARE, router_pb2.ShadowComparison(router_id="cancer", variant="next", total=total))
    result = run(server, "shadows", "compare", "cancer")
    assert result.exit_code == 0
    assert "pairs: 0" in " ".join(result.stdout.split())
    assert "labels, scores not compared: no pair was answered by both" in result.stderr


def test_live_figures_show_copies_apart_from_calls(server: Any) -> None:
    metrics = router_pb2.RouterMetrics(router_id="cancer", live=True)
    metrics.variants.add(variant="lr", request_count=12, effective_share=1.0, served_share=1.0)
    shadow = metrics.variants.add(
        variant="next", shadow=True, shadow_request_count=7, shadow_error_count=2,
        shadow_drop_counts={"busy": 3, "memory": 1},
    )  # fmt: skip
    shadow.shadow_backend.p50_seconds = 0.005
    metrics.total.CopyFrom(metrics.variants[0])
    metrics.total.variant = ""
    server.on("RouterService/GetRouterMetrics", metrics)
    result = run(server, "routers", "metrics", "cancer", "--live", env={"COLUMNS": "80"})
    told = [line.split() for line in result.stdout.splitlines()]
    assert ["next", "7", "2", "5.00", "ms", "0.00", "ms", "3", "busy,", "1", "memory"] in told
    assert [line[0] for line in told if line and line[0] in ("lr", "next", "total")].count("next") == 1
    assert "shadows compare cancer" in result.stderr
