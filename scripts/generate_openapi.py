"""Writes the description of the REST API as OpenAPI 3.1, from annotations and comments of the proto files."""

import argparse
import json
import sys
from pathlib import Path

from scripts.proto_comments import SOURCE_ROOT, read_comments

from pointsman.rest.describing import describe_api
from pointsman.rest.transcoding import read_bindings

DESCRIPTION = Path("python/pointsman/rest/openapi.json")


def generate(output_root: Path) -> None:
    """Writes the file below a folder."""
    bindings = read_bindings()
    comments = read_comments(*sorted({binding.method.containing_service.file.name for binding in bindings}))
    target = output_root / DESCRIPTION
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(describe_api(bindings, comments), indent=1, ensure_ascii=False) + "\n")


def main() -> int:
    """Reads the command line and writes the file; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=SOURCE_ROOT)
    generate(parser.parse_args().output_root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
