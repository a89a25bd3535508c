import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_the_demo_keeps_what_it_promises(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pointsman", "demo", "--duration", "2", "--seed", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"20\.0% of the slots moved.* asked again for \d+ patients: \d+ have moved", done.stdout)
    assert "recounted by the client: the server's counts are the same" in done.stdout
    assert "Every call and every value of feedback is in the lake, once" in done.stdout
    assert "Three lines to copy, tried just now" in done.stdout
    assert re.search(r"serve --grpc 127\.0\.0\.1:\d+ --http 127\.0\.0\.1:\d+ --data-dir ", done.stdout)
