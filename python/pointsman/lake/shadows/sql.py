"""What is asked of the table of pairs in SQL, of each primary and of all together, whose variant is null."""

from __future__ import annotations

from pointsman.lake.measuring import BUCKETS_PER_E
from pointsman.lake.shadows.pairs import ANSWERED, FIRST_ROW, PAIRS, TRUTHS

SCORES_TABLE = "shadow_scores"
LARGEST = 1e140
"""Values of this size and above are left out like infinite ones: sums of their squares would be infinite."""
_BY_PRIMARY = "GROUP BY GROUPING SETS ((primary_variant), ())"

# A call that failed is recorded as its row 0 alone, whatever its batch, so calls are counted by that row.
COUNTS = f"""
SELECT primary_variant, count(*), count(*) FILTER ({FIRST_ROW}),
    count(*) FILTER ({FIRST_ROW} AND primary_code <> 0), count(*) FILTER ({FIRST_ROW} AND shadow_code <> 0),
    count(*) FILTER ({ANSWERED}), count(*) FILTER ({ANSWERED} AND {FIRST_ROW})
FROM {PAIRS} {_BY_PRIMARY}
"""
KINDS = f"""
SELECT primary_variant, pair_kind, count(*), count(*) FILTER (primary_label = shadow_label)
FROM {PAIRS} WHERE {ANSWERED} GROUP BY GROUPING SETS ((primary_variant, pair_kind), (pair_kind))
"""
CONFUSION = f"""
SELECT primary_variant, primary_label, shadow_label, count(*) AS pair_count
FROM {PAIRS} WHERE {ANSWERED} AND pair_kind = 'label'
GROUP BY GROUPING SETS ((primary_variant, primary_label, shadow_label), (primary_label, shadow_label))
QUALIFY row_number() OVER (
    PARTITION BY primary_variant ORDER BY pair_count DESC, primary_label, shadow_label) <= $most
ORDER BY primary_variant, pair_count DESC, primary_label, shadow_label
"""
DISTANCE = f"""
SELECT primary_variant,
    count(*) FILTER (is_there) AS given_count,
    count(*) FILTER (is_finite) AS pair_count,
    avg(abs(gap)) FILTER (is_finite), avg(gap * gap) FILTER (is_finite), max(abs(gap)) FILTER (is_finite),
    avg(gap) FILTER (is_finite), avg((gap = 0)::INTEGER) FILTER (is_finite)
FROM (
    SELECT primary_variant, {{shadow}} - {{primary}} AS gap,
        {{primary}} IS NOT NULL AND {{shadow}} IS NOT NULL AS is_there,
        coalesce(abs({{primary}}) < {LARGEST} AND abs({{shadow}}) < {LARGEST}, false) AS is_finite
    FROM {PAIRS} WHERE {ANSWERED} AND pair_kind = '{{kind}}'
) {_BY_PRIMARY}
"""
PROBABILITIES = f"""
SELECT primary_variant, count(*), count(*) FILTER (has_probabilities), count(total_variation),
    count(*) FILTER (total_variation < {LARGEST}), avg(total_variation) FILTER (total_variation < {LARGEST}),
    max(total_variation) FILTER (total_variation < {LARGEST})
FROM {PAIRS} WHERE {ANSWERED} AND pair_kind = 'label' {_BY_PRIMARY}
"""
SCORE_KINDS = f"""
SELECT primary_variant, score_kind, CASE score_kind WHEN 'probability' THEN labels[2] ELSE '' END AS label,
    count(*), count(*) FILTER (isfinite(primary_score) AND isfinite(shadow_score))
FROM {PAIRS} WHERE {ANSWERED} AND pair_kind IN ('label', 'number')
GROUP BY GROUPING SETS ((primary_variant, score_kind, label), (score_kind, label))
"""
SCORES = f"""
CREATE TEMP TABLE {SCORES_TABLE} AS
WITH pairs AS (
    SELECT primary_score, shadow_score FROM {PAIRS}
    WHERE {ANSWERED} AND score_kind = $kind AND isfinite(primary_score) AND isfinite(shadow_score)
        AND ($primary = '' OR primary_variant = $primary)
)
SELECT score, count(*) FILTER (is_primary) AS primary_count, count(*) FILTER (NOT is_primary) AS shadow_count,
    row_number() OVER (ORDER BY score) AS place
FROM (
    SELECT primary_score AS score, true AS is_primary FROM pairs
    UNION ALL SELECT shadow_score, false FROM pairs
) GROUP BY score
"""
SCORES_PART = f"""
SELECT score, primary_count, shadow_count FROM {SCORES_TABLE}
WHERE place > $begin AND place <= $end ORDER BY place
"""
# A backend's time is its call's, and stands in each row of it.
_TIMED = f"{ANSWERED} AND {FIRST_ROW} AND primary_ns IS NOT NULL AND shadow_ns IS NOT NULL"
LATENCY = f"""
SELECT primary_variant, count(*), avg(primary_ns), avg(shadow_ns), avg(shadow_ns - primary_ns),
    coalesce(var_samp(shadow_ns - primary_ns), 0)
FROM {PAIRS} WHERE {_TIMED} {_BY_PRIMARY}
"""
BUCKETS = f"""
SELECT primary_variant, is_shadow, floor(ln(greatest(ns, 1)) * {BUCKETS_PER_E})::INTEGER AS bucket, count(*)
FROM (
    SELECT primary_variant, 0 AS is_shadow, primary_ns AS ns FROM {PAIRS} WHERE {_TIMED}
    UNION ALL SELECT primary_variant, 1, shadow_ns FROM {PAIRS} WHERE {_TIMED}
) GROUP BY ALL
"""
# Labels that are numbers are compared as numbers, with feedback that is one of them where they are known.
# Others are named by their place among those of both models.
_AS_NUMBER = "CASE {label} WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 ELSE try_cast({label} AS DOUBLE) END"
_IS_NUMBER = "(regexp_full_match({label}, '[-+]?[0-9]+([.][0-9]+)?') OR {label} IN ('true', 'false'))"
_RIGHT = f"""
SELECT primary_variant, primary_label, shadow_label, value,
    CASE WHEN len(labels) > 0
         THEN len(list_filter(labels, lambda one: NOT {_IS_NUMBER.format(label="one")})) = 0
         ELSE {_IS_NUMBER.format(label="primary_label")} AND {_IS_NUMBER.format(label="shadow_label")}
         END AS by_number,
    CASE WHEN value >= 0 AND value < len(labels) AND value = floor(value)
         THEN labels[value::INTEGER + 1] END AS named,
    by_number AND (coalesce(len(labels), 0) = 0 OR coalesce(list_contains(
        list_transform(labels, lambda one: {_AS_NUMBER.format(label="one")}), value), false)) AS is_number,
    CASE WHEN is_number THEN {_AS_NUMBER.format(label="primary_label")} = value
         WHEN NOT by_number THEN primary_label = named END AS primary_right,
    CASE WHEN is_number THEN {_AS_NUMBER.format(label="shadow_label")} = value
         WHEN NOT by_number THEN shadow_label = named END AS shadow_right
FROM {PAIRS} JOIN {TRUTHS} USING (prediction_id, "row")
WHERE {ANSWERED} AND pair_kind = 'label'
"""
LABEL_ACCURACY = f"""
SELECT primary_variant, count(*), count(*) FILTER (is_told), count(*) FILTER (primary_right AND is_told),
    count(*) FILTER (shadow_right AND is_told),
    count(*) FILTER (is_told AND primary_right AND NOT shadow_right),
    count(*) FILTER (is_told AND shadow_right AND NOT primary_right)
FROM (
    SELECT *, primary_right IS NOT NULL AND shadow_right IS NOT NULL AS is_told FROM ({_RIGHT})
) {_BY_PRIMARY}
"""
NUMBER_ACCURACY = f"""
SELECT primary_variant, count(*), avg(primary_error), avg(shadow_error), avg(shadow_error - primary_error),
    coalesce(var_samp(shadow_error - primary_error), 0)
FROM (
    SELECT primary_variant, abs(primary_number - value) AS primary_error,
        abs(shadow_number - value) AS shadow_error
    FROM {PAIRS} JOIN {TRUTHS} USING (prediction_id, "row")
    WHERE {ANSWERED} AND pair_kind = 'number'
        AND abs(primary_number) < {LARGEST} AND abs(shadow_number) < {LARGEST}
) {_BY_PRIMARY}
"""
