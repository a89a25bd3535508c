"""Pages are read as their reader sees them, and what they show is compared with what is written."""

from pathlib import Path

import pytest

from stage.pages import commands, faults, missing_line, read

PAGE = """# Page

<!-- file: one.py -->
```python
print("one")
```

- In a list:

  ```sh
  python one.py
  ```

```text
one
```

<!-- not run: needs a Kubernetes cluster -->

```sh
kubectl apply
```
"""


def page(folder: Path, content: str) -> Path:
    path = folder / "page.md"
    path.write_text(content)
    return path


def test_blocks_have_language_line_text_and_what_is_said_of_them(tmp_path: Path) -> None:
    found = [(block.language, block.line, block.text) for block in read(page(tmp_path, PAGE))]
    assert found == [
        ("python", 4, 'print("one")\n'),
        ("sh", 10, "python one.py\n"),
        ("text", 14, "one\n"),
        ("sh", 20, "kubectl apply\n"),
    ]
    file, run, _, excepted = read(page(tmp_path, PAGE))
    assert (file.file, run.file, run.is_excepted, excepted.is_excepted) == ("one.py", "", False, True)


def test_a_page_that_is_run_whole_has_no_faults(tmp_path: Path) -> None:
    assert faults(read(page(tmp_path, PAGE))) == []


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ("```\npointsman routers list\n```", "nothing runs the language (none)"),
        ("```fish\nset -x A 1\n```", "nothing runs the language fish"),
        ("```text\nalone\n```", "output of nothing"),
        ("```console\nno command\n```", "a console without a command"),
        ("<!-- not run: -->\n```sh\nx\n```", "not run, without a reason"),
        ("<!-- skip -->\n```sh\nx\n```", "a comment that says nothing known: skip"),
        ("<!-- not run: x -->\n```sh\nx\n```\n\n```text\nx\n```", "output of nothing"),
    ],
)
def test_a_block_that_nothing_runs_is_a_fault(tmp_path: Path, block: str, fault: str) -> None:
    (line,) = faults(read(page(tmp_path, f"# Page\n\n{block}\n")))
    assert fault in line


def test_a_console_has_commands_with_what_each_writes(tmp_path: Path) -> None:
    (block,) = read(page(tmp_path, "```console\n$ one\n$ two\nfirst\nsecond\n```\n"))
    assert list(commands(block)) == [("one", ""), ("two", "first\nsecond")]


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("VARIANT  CALLS\nlr  7", "VARIANT    CALLS\ngb            12\nlr             5"),
        ("Key w4l51hm9 of ann", "Key abcdefgh of ann"),
        ("data in …/first-router/data", "data in /tmp/x/first-router/data"),
        ("app 0.1.0…: on port 80", "app 1.2.3 (quick build, slower): on port 8500"),
        ("app 0.1.0…: on port 80", "app 1.2.3: on port 8500"),
        ("…\nlast", "first\nsecond\nlast"),
        ("variant:  lr", "variant:  gb"),
    ],
)
def test_what_differs_from_run_to_run_is_no_difference(shown: str, written: str) -> None:
    assert missing_line(shown, written, alike=("lr", "gb")) is None


@pytest.mark.parametrize(
    ("shown", "written", "missing"),
    [
        ("VARIANT  COVERAGE", "VARIANT  COVERAGE 24H", "VARIANT  COVERAGE"),
        ("lr is running", "lr is stopped", "lr is running"),
        ("second\nfirst", "first\nsecond", "first"),
        ("twice\ntwice", "twice", "twice"),
        ("lr  7  no", "lr  7", "lr  7  no"),
    ],
)
def test_a_line_that_is_not_written_is_told(shown: str, written: str, missing: str) -> None:
    assert missing_line(shown, written, alike=("lr", "gb")) == missing
