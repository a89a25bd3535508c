"""What ends the demo early."""


class DemoError(Exception):
    """The demo cannot go on, or what it saw is not what it should have seen."""
