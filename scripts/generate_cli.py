"""Writes ``docs/reference/cli.md`` from the command's own help."""

import argparse
import subprocess
import sys
from pathlib import Path

PAGE = Path("docs/reference/cli.md")


def generate(output_root: Path) -> None:
    """Writes the page below a folder.

    Args:
        output_root: The folder that gets ``docs/reference/cli.md``.

    Raises:
        subprocess.CalledProcessError: The command's help cannot be had; its standard error says why.
    """
    page = output_root / PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    typer = [sys.executable, "-m", "typer", "pointsman.cli.app"]
    options = ["utils", "docs", "--name", "pointsman", "--output", str(page)]
    subprocess.run([*typer, *options], check=True, stdout=subprocess.DEVNULL)
    page.write_text(page.read_text().rstrip() + "\n")


def main() -> None:
    """Reads the command line and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=Path())
    generate(parser.parse_args().output_root)


if __name__ == "__main__":
    main()
