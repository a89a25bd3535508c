"""What the program of an analysis is told: what it cannot find in the database itself."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pointsman.lake.models.logged import LoggedFiles


@dataclass(frozen=True)
class AnalysisSpec:
    """What a start of an analysis works on.

    Attributes:
        database_url: Where the rest is, and where the result goes. It may hold a password.
        job_id: The analysis.
        attempt: Which start of it this is.
        folder: A folder of its own, for what does not fit into memory.
        files: The lake's files of the window, in whole paths.
        other_files: Those of other times, whose predictions outcomes may be of.
        tails: Files with what was in no file of the lake yet, of all times, as Arrow streams.
        notes: What to know of the rows, in sentences.
        began_us: Since when the model has its id: files have rows of another one from before.
        lake_folder: The lake's folder, where files of logged predictions are.
        journal_id: The journal whose files are there, whether or not they can be seen.
        stored_until_us: Until when what other servers recorded is in files; None where nothing of it lacks.
    """

    database_url: str
    job_id: str
    attempt: int
    folder: str
    files: tuple[str, ...] = ()
    other_files: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    began_us: int = 0
    lake_folder: str = ""
    journal_id: str = ""
    stored_until_us: int | None = None

    @property
    def logged_files(self) -> LoggedFiles:
        """Finds files of logged predictions, which a program lists when it reads those of SQL."""
        return LoggedFiles(Path(self.lake_folder), self)

    def written(self) -> bytes:
        """Writes it as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, text: bytes) -> "AnalysisSpec":
        """Reads what :meth:`written` wrote."""
        found = json.loads(text)
        lists = {name: tuple(found[name]) for name in ("files", "other_files", "tails", "notes")}
        return cls(**found | lists)
