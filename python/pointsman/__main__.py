"""Lets ``python -m pointsman`` stand for the ``pointsman`` command."""

from pointsman.cli import main

if __name__ == "__main__":
    main()
