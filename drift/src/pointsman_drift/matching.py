"""Whether two tables can be compared, and in which columns."""

from collections.abc import Collection, Sequence

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.tables.families import Family, Kind
from pointsman_drift.tables.sources import Source


def matched(
    source: Source, baseline: Baseline, features: Sequence[str] | None, by: Sequence[str]
) -> list[str]:
    """Answers the columns to compare, which both sides have.

    What divides the rows is compared only where users name it, or where it is a slice's column of both sides.

    Args:
        source: The current table.
        baseline: The reference.
        features: Names that users chose; None for all.
        by: Columns that slice the rows.

    Raises:
        InvalidTableError: A side lacks a column, or the two have values that are not compared.
    """
    if features is None:
        hidden = [name for name in source.beside if name not in by or name not in baseline.plans]
        names = [name for name in baseline.columns if name not in hidden]
        surplus = [name for name in source.types if name not in baseline.plans and name not in hidden]
        _refuse_lacking(surplus, "add it, or compare others with features=[...]")
    else:
        names = list(dict.fromkeys(features))
        _refuse_lacking([name for name in names if name not in baseline.plans], "leave it out of features")
    refuse_absent(source, names, source.types)
    for name in names:
        _refuse_other_family(source, baseline, name)
    return names


def refuse_absent(source: Source, names: Sequence[str], among: Collection[str]) -> None:
    """Refuses a side that lacks a column.

    Args:
        source: The side.
        names: Columns that are needed.
        among: Those that it has.

    Raises:
        InvalidTableError: It lacks one.
    """
    for name in names:
        if name not in among:
            raise InvalidTableError(
                f"column {name!r}: the {source.side} lacks it; add it, or compare others with features=[...]"
            )


def refuse_unsliced(baseline: Baseline, by: Sequence[str]) -> None:
    """Refuses to compare slices with all rows of a reference that has the column.

    Args:
        baseline: The reference.
        by: Columns that slice the rows.

    Raises:
        InvalidOptionError: The baseline has one of them, and no slices by it.
    """
    for name in by:
        if name in baseline.plans and name not in baseline.slice_columns:
            raise InvalidOptionError(
                f"slices: the baseline has column {name!r}, but no slices by it; give slices=[{name!r}] to "
                "compile_baseline, for a slice is compared with the same slice of the reference"
            )


def _refuse_lacking(names: Sequence[str], way_out: str) -> None:
    for name in names:
        raise InvalidTableError(f"column {name!r}: the reference lacks it; {way_out}")


def _refuse_other_family(source: Source, baseline: Baseline, name: str) -> None:
    plan, type_ = baseline.plans[name], source.types[name]
    families = {plan.type.family, type_.family} - {Family.EMPTY}
    if len(families) > 1:
        kinds = "' and '".join((plan.type.family, type_.family))
        raise InvalidTableError(
            f"column {name!r}: the reference has {plan.type.sql}, the current table {type_.sql}; "
            f"'{kinds}' are not compared: convert one of them"
        )
    if plan.kind is Kind.NUMERIC and type_.family in (Family.TEXT, Family.BOOLEAN):
        raise InvalidTableError(
            f"column {name!r}: the current table has {type_.sql}, which has no order; convert it"
        )
