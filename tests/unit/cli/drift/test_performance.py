"""``drift performance`` and ``drift baseline create --from-window``."""

from typing import Any

from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import drift_pb2


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", *arguments, "--server", server.address])


def words(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_estimates_stand_beside_what_came_true_and_concept_drift_is_said(server: Any) -> None:
    point = drift_pb2.PerformancePoint(accuracy=0.7, sample_size=60, prediction_count=120, coverage=0.5)
    metric = point.metrics["accuracy"]
    metric.estimate, metric.lower, metric.upper = 0.9, 0.85, 0.95
    metric.realised, metric.inside_band = 0.7, False
    metric.compared, metric.compared_lower, metric.compared_upper = 0.86, 0.8, 0.92
    answer = drift_pb2.GetPerformanceHistoryResponse(history=[point], concept_drift=True)
    answer.divergence["accuracy"].CopyFrom(
        drift_pb2.Divergence(concept_drift=True, outside=3, periods=5, inside_share=0.5, direction="worse")
    )
    server.on("DriftService/GetPerformanceHistory", answer)
    result = run(server, "performance", "cancer", "--wide")
    assert result.exit_code == 0, result.output
    lines = words(result)
    assert any("0.7 0.9 0.86 0.8 to 0.92 outside 60 50.0%" in line for line in lines), result.stdout
    assert "accuracy was in its band in 50% of the steps" in lines
    assert "concept drift: accuracy is worse than estimated in 3 of the last 5 steps" in lines


def test_a_baseline_of_a_window_says_how_many_rows_it_has(server: Any) -> None:
    server.on(
        "DriftService/CreateBaseline",
        drift_pb2.CreateBaselineResponse(baseline_id="b1", sample_size=40, notes=["a note"]),
    )
    result = run(
        server,
        *("baseline", "create", "cancer", "--from-window", "--version", "v2"),
        *("--since", "2026-01-01T00:00:00Z", "--until", "2026-02-01T00:00:00Z"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout == "b1 of 40 rows\n"
    assert result.stderr == "warning: a note\n"
    (asked,) = server.asked("DriftService/CreateBaseline")
    assert (asked.version, asked.window.start.seconds, asked.window.end.seconds) == (
        "v2",
        1_767_225_600,
        1_769_904_000,
    )


def test_a_baseline_is_of_a_file_or_of_a_window(server: Any) -> None:
    for arguments, said in [
        (["--version", "v1"], "give either FILE or --from-window"),
        (["file.json", "--from-window", "--version", "v1"], "give either FILE or --from-window"),
        (["file.json", "--days", "3", "--version", "v1"], "go with --from-window"),
        (["--from-window"], "--version is not given"),
        (["--from-window", "--version", "v1", "--target", "y"], "--target"),
    ]:
        result = run(server, "baseline", "create", "cancer", *arguments)
        assert result.exit_code != 0
        assert said in result.stderr
    assert not server.asked("DriftService/CreateBaseline")
