"""What a detector has to remember, as text: numbers, no pickle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman_drift.errors import InvalidOptionError

FORMAT = 1


@dataclass(frozen=True)
class StreamState:
    """Where a detector stands between two runs."""

    algorithm: str
    parameters: Mapping[str, float]
    library: str
    """Whose numbers they are, with its version: another version may mean others by them."""
    seen: int
    """Values since the stream began."""
    numbers: Mapping[str, Any]

    def to_json(self) -> str:
        """Answers it as JSON, to be kept beside the result of the run."""
        content = {
            "format": FORMAT,
            "algorithm": self.algorithm,
            "parameters": dict(self.parameters),
            "library": self.library,
            "seen": self.seen,
            "numbers": dict(self.numbers),
        }
        return json.dumps({**content, "digest": _digest(content)}, sort_keys=True)


def read_state(text: str) -> StreamState:
    """Reads what ``StreamState.to_json`` wrote.

    Raises:
        InvalidOptionError: It is none, of another format, or damaged.

    >>> state = StreamState("page_hinkley", {"threshold": 50.0}, "river 0.26.1", 3, {"mean": 0.5})
    >>> read_state(state.to_json()) == state
    True
    """
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise InvalidOptionError(
                f"state: it has format {found['format']!r}, and {FORMAT} is read; begin anew without a state"
            )
        if found.pop("digest") != _digest(found):
            raise InvalidOptionError("state: it was changed since it was kept; begin anew without a state")
        return StreamState(
            str(found["algorithm"]),
            {str(name): float(value) for name, value in found["parameters"].items()},
            str(found["library"]),
            int(found["seen"]),
            dict(found["numbers"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidOptionError):
            raise
        raise InvalidOptionError(f"state: it is no state of a detector ({error!r})") from error


def _digest(content: Mapping[str, Any]) -> str:
    """Tells damage: a detector set to other numbers than it had would go on as if nothing were."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
