"""Reads files of baselines: a table of training data, or blocks as the REST API has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.cli.line.arguments import NotJsonError, read_json
from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pointsman.client import LabeledPredictions, TargetData

ENDINGS = (".parquet", ".csv", ".tsv", ".json")
_FEATURES, _TARGETS, _LABELED = "featureData", "targetData", "labeledPredictions"
_BLOCKS = (_FEATURES, _TARGETS, _LABELED)


@dataclass(frozen=True)
class BaselineFile:
    """What a file says of a baseline.

    Attributes:
        features: By feature its values.
        targets: Outcomes of the training data; None where the file has none.
        labeled: Predictions with their outcomes; None where the file has none.
    """

    features: dict[str, list[Any]]
    targets: TargetData | None = None
    labeled: LabeledPredictions | None = None


def read_baseline(file: str) -> BaselineFile:
    """Reads a baseline: a table of Parquet, CSV or TSV, or JSON.

    Args:
        file: The file; JSON is an object of lists, or of ``featureData`` and further blocks.

    Raises:
        CommandError: Its ending is none of :data:`ENDINGS`, it cannot be read, or it says what is not known.
    """
    ending = Path(file).suffix.lower()
    if ending not in ENDINGS:
        raise CommandError(
            f"{file}: ends in none of {', '.join(ENDINGS)}, which say how a baseline is written"
        )
    if ending == ".json":
        return _blocks(file, _json_of(file))
    from pointsman.cli.drift.baseline_tables import columns_of

    return BaselineFile(columns_of(file, ending))


def _json_of(file: str) -> Any:
    try:
        return read_json(Path(file).read_text(encoding="utf-8-sig"))
    except NotJsonError as error:
        raise CommandError(f"{file}: {error}") from error
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: cannot be read: {error}") from error


def _blocks(file: str, found: Any) -> BaselineFile:
    if not isinstance(found, dict):
        raise CommandError(f"{file}: is no object with a list of values for each feature")
    if not isinstance(found.get(_FEATURES), dict):
        return BaselineFile(_lists(file, "", found))
    _check_names(file, "", found, _BLOCKS)
    return BaselineFile(
        _lists(file, f"{_FEATURES}.", found[_FEATURES]),
        _targets(file, found.get(_TARGETS)),
        _labeled(file, found.get(_LABELED)),
    )


def _lists(file: str, path: str, found: Mapping[str, Any]) -> dict[str, list[Any]]:
    for name, values in found.items():
        if not isinstance(values, list):
            known = ", ".join(_BLOCKS)
            raise CommandError(
                f"{file}: {path}{name}: is no list of values, as each feature has; a file of blocks has "
                f"features as an object under {_FEATURES}, and of blocks {known} are known"
            )
    return dict(found)


def _targets(file: str, block: Any) -> TargetData | None:
    from pointsman.client import DriftTask, TargetData

    if block is None:
        return None
    _check_block(file, _TARGETS, block, ("type", "values"), ("type", "values"))
    words = [word.value for word in DriftTask if word is not DriftTask.UNSPECIFIED]
    if block["type"] not in words:
        raise CommandError(f"{file}: {_TARGETS}.type: {block['type']!r} is none of {', '.join(words)}")
    return TargetData(DriftTask(block["type"]), _list(file, f"{_TARGETS}.values", block["values"]))


def _labeled(file: str, block: Any) -> LabeledPredictions | None:
    from pointsman.client import LabeledPredictions

    if block is None:
        return None
    required = ("predictedLabels", "actualLabels")
    _check_block(file, _LABELED, block, ("probabilities", *required), required)
    probabilities = _list(file, f"{_LABELED}.probabilities", block.get("probabilities", []))
    return LabeledPredictions(
        [_list(file, f"{_LABELED}.probabilities[{place}]", row) for place, row in enumerate(probabilities)],
        *(_list(file, f"{_LABELED}.{name}", block[name]) for name in required),
    )


def _check_block(file: str, name: str, block: Any, known: Sequence[str], required: Sequence[str]) -> None:
    if not isinstance(block, dict):
        raise CommandError(f"{file}: {name}: is no object with {' and '.join(required)}")
    _check_names(file, f"{name}.", block, known)
    for field in required:
        if field not in block:
            raise CommandError(f"{file}: {name}.{field}: is missing")


def _check_names(file: str, path: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    from pointsman.cli.line.likely import likely

    for name in given:
        if name not in known:
            hint = f". {meant}" if (meant := likely(name, known)) else ""
            raise CommandError(f"{file}: {path}{name}: is not known; known are {', '.join(known)}{hint}")


def _list(file: str, path: str, values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise CommandError(f"{file}: {path}: is no list")
    return values
