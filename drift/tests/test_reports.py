"""Reports: one file, nothing from elsewhere, nothing of the data that runs, and small."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import pointsman_drift
from pointsman_drift import (
    InvalidOptionError,
    MissingPackageError,
    PerformancePoint,
    Result,
    compare,
    estimate_performance,
    read_classes,
)
from pointsman_drift.reports.pages import MOST_BYTES

FETCHING_TAGS = {
    "link",
    "img",
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "video",
    "audio",
    "source",
    "image",
}
FETCHING_ATTRIBUTES = {
    *("src", "href", "xlink:href", "srcset", "action", "formaction", "poster", "data", "background", "ping"),
}
VOID = {"meta", "br"}
NEW_YEAR = datetime(2026, 1, 1)
EVIL = [
    "<script>alert(1)</script>",
    '"><img src=//evil.example/x onerror=alert(1)>',
    "</style></title></table><b onclick=x>",
    "\u202egnp.exe\x00",
    "שלום",
    "\ud800",
    "&lt;",
]


class Page(HTMLParser):
    """Reads a page as browsers do, as far as that matters here."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == [], "elements that were not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def of(self, *tags: str) -> list[str]:
        return [text for tag in tags for text in self.texts.get(tag, [])]

    @property
    def text(self) -> str:
        return "".join(
            "".join(texts) + " " for tag, texts in self.texts.items() if tag not in ("script", "style")
        )


def faults_of(text: str) -> list[str]:
    """Answers what in a page would reach out, or run what is not the page's own."""
    page = Page(text)
    faults = [f"element {tag}" for tag, _ in page.tags if tag in FETCHING_TAGS]
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            if name in FETCHING_ATTRIBUTES or name.startswith("on"):
                faults.append(f"{tag} {name}")
            if value and ("url(" in value or "://" in value) and name != "aria-label":
                faults.append(f"{tag} {name}={value}")
    faults += [
        f"style {found}" for found in re.findall(r"@import|url\(|@font-face", "".join(page.of("style")))
    ]
    policies = [
        attributes["content"] or ""
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    if [policy.split(";")[0] for policy in policies] != ["default-src 'none'"]:
        faults.append(f"policy {policies}")
    scripts = page.of("script")
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    if len(scripts) != 1 or f"script-src 'sha256-{digests[0]}'" not in policies[0]:
        faults.append("a script that the policy does not name")
    if found := re.findall(r"fetch\(|XMLHttpRequest|import\(|WebSocket|innerHTML|eval\(", "".join(scripts)):
        faults.append(f"script {found}")
    return faults


@pytest.fixture(scope="module")
def result() -> Result:
    random = np.random.default_rng(1)
    # Arrow has no half of a surrogate.
    names = [*(name for name in EVIL if name != "\ud800"), "x" * 10_000, "age"]
    before: dict[str, object] = {name: random.normal(size=200) for name in names}
    after: dict[str, object] = {name: random.normal(0.1 * place, 1, 200) for place, name in enumerate(names)}
    before |= {"plan": random.choice(EVIL[:5], 200), "empty": [None] * 200}
    after |= {"plan": random.choice(EVIL[1:5], 200), "empty": [None] * 200}
    return compare(before, after)


def history(days: int = 10) -> dict[str, list[PerformancePoint]]:
    start = datetime(2026, 11, 1)
    return {
        "accuracy": [
            PerformancePoint(
                start + timedelta(days=day), None if day == 4 else 0.9 - 0.01 * day, 0.9, 0.88, 0.92, 50
            )
            for day in range(days)
        ],
        "f1": [PerformancePoint(start, 0.5)],
    }


@pytest.fixture(scope="module")
def html(result: Result) -> str:
    found = pointsman_drift.report(
        result, title=EVIL[0], facts={"model": EVIL[1], "window": EVIL[2]}, notes=EVIL, history=history()
    )
    return found.to_html()


def test_a_page_reaches_for_nothing_and_runs_only_its_own_script(html: str) -> None:
    assert faults_of(html) == []


@pytest.mark.parametrize(
    "fault",
    [
        '<img src="https://example.org/x.png">',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        "<script>alert(1)</script>",
        '<p style="background: url(https://example.org)"></p>',
        '<p onclick="x()"></p>',
        "<style>@font-face { }</style>",
    ],
)
def test_a_page_that_did_would_be_noticed(html: str, fault: str) -> None:
    broken = html.replace("</main>", f"{fault}</main>")
    if fault.startswith(("<img", "<link")):
        broken = broken.replace(fault, f"{fault}</{fault[1:5].split()[0]}>")
    assert faults_of(broken) != []


def test_names_are_shown_as_text_with_nothing_hidden(html: str) -> None:
    raw = re.sub(r"[\n]", "", html)
    assert [one for one in raw if not one.isprintable() and one not in "\u200c\u200d\u2068\u2069"] == []
    told = " ".join(Page(html).of("bdi"))
    assert "<script>alert(1)</script>" in told
    assert "\\u202egnp.exe\\x00" in told
    assert "שלום" in told
    assert "\\ud800" in Page(html).text


def test_huge_names_are_cut_in_the_page_and_whole_in_the_json(result: Result, html: str) -> None:
    assert "x" * 200 not in html
    assert "x" * 10_000 in result.to_report().to_json()


def test_the_worst_feature_comes_first(result: Result, html: str) -> None:
    rows = re.findall(
        r'<tr><th scope="row"><bdi>(.*?)</bdi></th><td><bdi>all</bdi></td><td><strong class="(\w+)"', html
    )
    ranks = [["ok", "warning", "alert"].index(status) for _, status in rows]
    assert len(rows) == len(result.features)
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == 2


def test_a_page_can_be_read_without_seeing_its_charts(html: str) -> None:
    page = Page(html)
    charts = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(charts) == 12
    for attributes in charts:
        assert attributes["role"] == "img"
        assert "Shares of" in str(attributes["aria-label"]) or "over time" in str(attributes["aria-label"])
    assert len([tag for tag, _ in page.tags if tag == "details"]) == len(charts) + 1
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")


def test_a_page_is_read_in_the_dark_too(html: str) -> None:
    assert "prefers-color-scheme: dark" in html
    assert "color-scheme: light dark" in html
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawings)) <= {
        *("none", "transparent", "currentColor", "#4f86c6", "#d9731a"),
    }


def test_a_page_says_what_is_not_judged_and_how_the_rest_is(result: Result, html: str) -> None:
    text = Page(html).text
    assert "Not measured" in text
    assert result.not_measured[0].reason in text
    assert "Benjamini-Hochberg" in text
    few = Page(compare({"x": [1.0, 2.0]}, {"x": [1.0, 2.0]}).to_report().to_html()).text
    assert "Insufficient data" in few
    assert "2 rows on a side; 30 are needed" in few
    plain = compare({"x": [1, 2, 3] * 50}, {"x": [1, 2, 4] * 50}, calibration="off").to_report().to_html()
    assert "Calibration is off" in Page(plain).text


def test_charts_of_performance_tell_how_often_values_lie_outside_the_band(html: str) -> None:
    assert "In 6 of 9 that have both, the realised value is outside the band" in Page(html).text


def test_estimates_of_the_rows_are_told() -> None:
    random = np.random.default_rng(2)
    sides = []
    for _ in range(2):
        scores = random.beta(2, 5, 2000)
        labels = (random.random(2000) < scores).astype(int)
        sides.append(read_classes([0, 1], scores, (scores >= 0.5).astype(int), labels))
    found = estimate_performance(*sides)
    still = compare({"x": [1, 2, 3] * 50}, {"x": [1, 2, 3] * 50})
    made = pointsman_drift.report(still, performance=found)
    accuracy = made.to_dict()["performance"]["accuracy"]
    assert accuracy["lower"] < accuracy["estimate"] < accuracy["upper"]
    assert accuracy["insideBand"] is True
    assert f"{accuracy['estimate']:.4g}" in Page(made.to_html()).text
    point = PerformancePoint.of(datetime(2026, 1, 1), found["accuracy"])
    assert point.to_dict() == {
        "at": "2026-01-01T00:00:00Z",
        "realised": accuracy["realised"],
        "estimated": accuracy["estimate"],
        "lower": accuracy["lower"],
        "upper": accuracy["upper"],
        "rows": 2000,
    }


def test_realised_values_stand_beside_the_band_of_the_labelled_rows() -> None:
    random = np.random.default_rng(3)
    scores = random.beta(2, 2, 2000)
    labels = (random.random(2000) < scores).astype(int)
    said = (scores >= 0.5).astype(int)
    # Labels of the easy rows are known first.
    late = np.where(np.abs(scores - 0.5) > 0.35, labels.astype(float), np.nan)
    found = estimate_performance(
        read_classes([0, 1], scores, said, labels), read_classes([0, 1], scores, said, late)
    )
    still = compare({"x": [1, 2, 3] * 50}, {"x": [1, 2, 3] * 50})
    made = pointsman_drift.report(still, performance={"accuracy": found["accuracy"]})
    one, compared = made.to_dict()["performance"]["accuracy"], found["accuracy"].compared
    assert compared is not None
    assert one["insideBand"]
    assert one["realised"] > one["upper"], "the band of all rows is another one"
    assert (one["compared"], one["comparedLower"], one["comparedUpper"]) == (
        *(compared.value, compared.lower, compared.upper),
    )
    cells = re.findall(r"<td>(.*?)</td>", made.to_html().split("Metrics of the compared rows")[1])
    assert f"{compared.lower:.4g} – {compared.upper:.4g}" in cells
    assert f"{one['lower']:.4g} – {one['upper']:.4g}" not in cells


def test_the_page_of_a_kept_result_is_the_same(result: Result) -> None:
    kept = json.loads(result.to_json())
    assert pointsman_drift.report(kept).to_html() == result.to_report().to_html()


def test_the_same_result_gives_the_same_bytes_in_another_process_and_place() -> None:
    script = (
        "import hashlib, datetime, pointsman_drift as d\n"
        "before = {'x': [1.5, 2, 3] * 40, 'p': [*'abc'] * 40}\n"
        "found = d.compare(before, {'x': [2, 3, 4] * 40, 'p': [*'abd'] * 40})\n"
        "days = [datetime.datetime(2026, 1, day) for day in (1, 2)]\n"
        "points = [d.PerformancePoint(day, 0.5, 0.6, 0.5, 0.7) for day in days]\n"
        "print(hashlib.sha256(found.to_report(history={'f1': points}).to_html().encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(digests) == 1


@pytest.fixture(scope="module")
def many() -> Result:
    random = np.random.default_rng(9)
    before = {f"feature <{i:03}> of {'a rather long name ' * 5}": random.normal(size=60) for i in range(500)}
    return compare(before, {name: values + 0.5 for name, values in before.items()})


def test_five_hundred_features_fit_and_what_is_left_out_is_told(many: Result) -> None:
    made = many.to_report(history=history(3000))
    text = made.to_html()
    assert len(text.encode()) < MOST_BYTES
    assert faults_of(text) == []
    told = Page(text).text
    assert "500 features, the worst first" in told
    assert re.search(r"[\d,]+ further rows are left out here. The JSON of this report has all.", told)
    assert re.search(r"Not drawn, for they are less bad", told)
    assert "480 more" in told or "462 more" in told
    assert len(json.loads(made.to_json())["result"]["features"]) == 500


def test_a_page_at_every_limit_fits() -> None:
    name = "\u4e00" * 5000
    random = np.random.default_rng(10)
    before = {f"{i}{name}": random.choice([f"{k}{name}" for k in range(40)], 100) for i in range(60)}
    after = {column: ["new" + name] * 100 for column in before}
    notes = [f"{i} {name}" for i in range(200)]
    facts = {f"{i} {name}": name for i in range(50)}
    months = [datetime(2000, 1, 1) + timedelta(days=day) for day in range(2000)]
    points = [PerformancePoint(at, 1 / 3, 1 / 7, 1 / 9, 1 / 11, 10**9) for at in months]
    made = compare(before, after).to_report(
        title=name, facts=facts, notes=notes, history={f"{i} {name}": points for i in range(8)}
    )
    assert len(made.to_html().encode()) < MOST_BYTES


def test_a_result_without_figures_says_that_nobody_looked() -> None:
    found = compare({"x": [1.0, 2.0]}, {"x": [1.0, 2.0]}).to_report()
    assert "No feature could be judged" in Page(found.to_html()).text
    assert faults_of(found.to_html()) == []


def test_windows_and_slices_stand_beside_the_whole() -> None:
    before = {"x": list(range(200)), "plan": ["a", "b"] * 100}
    after = {"x": [i + 100 * (i % 2) for i in range(200)], "plan": ["a", "b"] * 100}
    text = Page(compare(before, after, slices="plan").to_report().to_html()).text
    assert "plan = b" in text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"history": {"f1": [PerformancePoint(datetime(2026, 1, 1), float("nan"))]}},
            r"history\['f1'\]\[0\].realised",
        ),
        ({"history": {"f1": [PerformancePoint(datetime(2026, 1, 1))] * 2}}, "two have the same"),
        ({"history": {str(i): [] for i in range(9)}}, "9 metrics"),
        ({"facts": {str(i): "x" for i in range(51)}}, "facts: 51 are above 50"),
    ],
)
def test_what_cannot_be_drawn_is_refused(result: Result, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        pointsman_drift.report(result, **wrong)  # type: ignore[arg-type]


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="'calibration' is lacking"):
        pointsman_drift.report({"status": "ok"})


def test_a_report_without_the_package_that_draws_says_how_to_get_it(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    made = result.to_report()
    assert json.loads(made.to_json())["result"]["status"] == "alert"
    with pytest.raises(MissingPackageError, match=r"pip install 'pointsman-drift\[report\]'"):
        made.to_html()


def test_a_page_is_saved_whole(result: Result, tmp_path: Path) -> None:
    made = result.to_report()
    path = tmp_path / "report.html"
    made.save(path)
    assert path.read_text("utf-8") == made.to_html()
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(OSError, match="nowhere"):
        made.save(tmp_path / "nowhere" / "report.html")


PRESSED = """
class Head {
  constructor(name, kind) {
    Object.assign(this, { name, kind, kept: {} });
    this.firstElementChild = this;
  }
  get classList() { return { contains: (name) => name === this.kind }; }
  addEventListener(_, press) { this.press = press; }
  getAttribute(name) { return this.kept[name] ?? null; }
  setAttribute(name, value) { this.kept[name] = value; }
  removeAttribute(name) { delete this.kept[name]; }
}
const heads = [new Head("feature", ""), new Head("status", "rank"), new Head("score", "n")];
let rows = [["b", "ok", "1,000"], ["c", "alert", "9.5e-05"], ["a", "warning", ""], ["d", "ok", "20"]]
  .map((cells) => ({ cells: cells.map((textContent) => ({ textContent })) }));
const body = { get rows() { return rows; }, append(...order) { rows = order; } };
const table = { tHead: { rows: [{ cells: heads }] }, tBodies: [body] };
const document = { querySelectorAll: () => [table] };
const told = (place) =>
  console.log(rows.map((row) => row.cells[0].textContent).join(""), heads[place].kept["aria-sort"]);
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the page's script")
def test_pressing_a_head_sorts_by_its_column_and_again_the_other_way(html: str) -> None:
    script = PRESSED + Page(html).of("script")[0]
    for place in (0, 0, 1, 2, 2):
        script += f"heads[{place}].press(); told({place});"
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "abcd ascending",
        "dcba descending",
        "dbac ascending",
        "bdca descending",
        "acdb ascending",
    ]


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the page's script")
def test_features_that_are_named_as_statuses_are_sorted_by_name() -> None:
    names = ["ok", "b", "alert", "z", "constructor", "warning"]
    made = compare({name: [1, 2, 3] * 50 for name in names}, {name: [1, 2, 3] * 50 for name in names})
    html = made.to_report().to_html()
    heads = re.findall(r'<th scope="col"( class="(\w+)")?><button type="button"[^>]*>(\w+)</button>', html)
    kinds = {name: kind for _, kind, name in heads}
    assert (kinds["feature"], kinds["status"], kinds["score"]) == ("", "rank", "n")
    script = PRESSED + "rows = " + json.dumps(names) + ".map((name) => ({ cells: [{ textContent: name }] }));"
    script += Page(html).of("script")[0]
    script += "heads[0].press(); console.log(rows.map((row) => row.cells[0].textContent).join());"
    ran = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.strip() == ",".join(sorted(names))
