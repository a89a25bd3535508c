"""The three levels."""

from enum import StrEnum


class Status(StrEnum):
    """How bad it is; the words of the API."""

    OK = "ok"
    WARNING = "warning"
    ALERT = "alert"

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return list(Status).index(self)


def worst(statuses: list[Status]) -> Status:
    """Answers the worst of at least one status."""
    return max(statuses, key=lambda status: status.rank)
