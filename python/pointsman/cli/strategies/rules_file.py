"""The file of ``--rules``: the rules of a router as definitions hold them under ``feature_rules``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    from pointsman.client import FeatureRules


def read_rules(name: str) -> FeatureRules:
    """Reads rules.

    Args:
        name: A file, or ``-`` for standard input.

    Raises:
        CommandError: The file cannot be read, with every fault and its place.
    """
    from pointsman.client import FeatureRules
    from pointsman.client._convert import to_plain
    from pointsman.definitions.parts import read_part
    from pointsman.v1 import router_pb2

    message = router_pb2.FeatureRules()
    faults = read_part(name, message)
    if faults:
        raise CommandError("\n".join(str(fault) for fault in faults))
    return to_plain(FeatureRules, message)
