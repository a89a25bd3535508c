"""Each decision says when it was made, whether it holds, and what was rejected for it."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("0*.md"))
_STATUS = re.compile(
    r"Accepted on \d{4}-\d\d-\d\d(\.|, superseded on \d{4}-\d\d-\d\d by \[\d{4}\]\([\w.-]+\))"
)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_date_status_and_what_was_rejected(decision: Path) -> None:
    content = decision.read_text()
    title, _, status, *_ = content.splitlines()
    assert title.startswith(f"# {decision.name[:4]} ")
    assert _STATUS.match(status), status
    (rejected,) = re.findall(r"^\*\*Rejected\.\*\*\s+(?!\*\*)(\S.*)", content, re.MULTILINE)
    assert rejected


def test_the_list_has_every_decision() -> None:
    listed = re.findall(r"\]\((\d{4}-[\w.-]+)\)", (FOLDER / "README.md").read_text())
    assert listed == [decision.name for decision in DECISIONS]
