"""Which pages of the documentation are run, by which test, and which are not, for what reason."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RUN_BY = {
    "README.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/api-keys.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/bandits.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/canaries.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/definitions.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/drift-alerts.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/drift.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/explain-and-replay.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/history.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/onnx-files.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/predict-with-features.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/python-client.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/records.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/rest.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/rules.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/shadows.md": "tests/e2e/docs/test_pages.py",
    "docs/how-to/run-with-postgresql.md": "tests/e2e/docs/test_pages.py",
    "docs/reference/lake.md": "tests/e2e/lake/test_documented_readers.py",
    "docs/reference/metrics.md": "tests/unit/suite/test_documentation.py",
    "docs/tutorials/first-router.md": "tests/e2e/docs/test_tutorials.py",
    "docs/tutorials/your-own-model.md": "tests/e2e/docs/test_tutorials.py",
}
"""The test that runs the blocks of a page."""

NOT_RUN = {
    "docs/adr": "decisions of then; what they show need not be so now",
    "docs/reference/cli.md": "generated from the commands' declarations",
    "docs/reference/definitions.md": "generated from the schema",
    "docs/reference/settings.md": "generated from the settings' declarations",
}
"""Pages, and folders of pages, whose blocks are not run."""


def pages() -> list[Path]:
    """Every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def is_excepted(page: Path) -> bool:
    """Whether the page, or its folder, is one that is not run."""
    name = page.relative_to(ROOT).as_posix()
    return any(name == excepted or name.startswith(f"{excepted}/") for excepted in NOT_RUN)
