"""SQL that joins a model's predictions with outcomes of entities.

An outcome is of its entity's latest prediction at or before the time of the outcome; where there is none, of
the earliest one after it, unless its own may have been deleted (``may_lead`` is false then). Of several
outcomes of one prediction the latest one holds, and of two of one time that which came last. Nothing of it is
stored: what comes late, or ahead of its prediction, is matched by the next read.
"""

ROW_COLUMNS = (
    "prediction_id, \"row\", time_us, coalesce(entity_id, '') AS entity_id, model_version, router_id, "
    "prediction_label, prediction_number, confidence"
)
"""What is read of each prediction."""

LABEL = (
    "coalesce(CASE WHEN lower(prediction_label) IN ('true', 'false') THEN lower(prediction_label) "
    "ELSE prediction_label END, CASE WHEN prediction_number = floor(prediction_number) "
    "AND abs(prediction_number) < 1e15 THEN CAST(CAST(prediction_number AS BIGINT) AS VARCHAR) "
    "ELSE CAST(prediction_number AS VARCHAR) END)"
)
"""The name of a predicted class, as ``label_of`` names it."""


def _number(label: str) -> str:
    """Answers SQL of the number that a text is, as ``number_of`` reads it: digits apart are none."""
    return f"CASE WHEN NOT contains({label}, '_') THEN TRY_CAST({label} AS DOUBLE) END"


ANSWER_COLUMNS = (
    f'prediction_id, "row", time_us, model_version, {LABEL} AS label, '
    f"coalesce(prediction_number, {_number('prediction_label')}) AS number, probabilities"
)
"""What is read of each answer where its probabilities are looked at."""


def _meaning(label: str, number: str) -> str:
    """Answers SQL of the number that a class's name means, NULL for none.

    Truth values are 1 and 0. Texts beyond the whole numbers that a double tells apart are names alone: two of
    them may round to one number.
    """
    cast = _number(label)
    return (
        f"coalesce({number}, CASE WHEN lower({label}) = 'true' THEN 1 WHEN lower({label}) = 'false' THEN 0 "
        f"WHEN abs({cast}) < 9007199254740992 THEN {cast} END)"
    )


IS_RIGHT = (
    f"{LABEL} = truths.label OR coalesce({_meaning('prediction_label', 'prediction_number')} = "
    f"{_meaning('truths.label', 'truths.number')}, false)"
)
"""Whether an answer and what came true name one class, under any name that ``place_of`` finds it by."""

MATCHES = f"""
forms AS (
  SELECT place, entity_id AS entity, outcome_time_us, may_lead FROM truths
  UNION ALL SELECT place, entity_hash, outcome_time_us, may_lead FROM truths
),
named AS (
  SELECT entity_id AS entity, time_us, min(struct_pack(id := prediction_id, "row" := "row")) AS key
  FROM predictions WHERE entity_id IN (SELECT entity FROM forms) GROUP BY ALL
),
before AS (
  SELECT place, arg_max(key, named.time_us) AS key
  FROM forms ASOF JOIN named ON forms.entity = named.entity AND forms.outcome_time_us >= named.time_us
  GROUP BY place
),
afterwards AS (
  SELECT place, arg_min(key, named.time_us) AS key
  FROM forms ASOF JOIN named ON forms.entity = named.entity AND forms.outcome_time_us < named.time_us
  WHERE may_lead GROUP BY place
),
matched AS (
  SELECT place, coalesce(before.key, afterwards.key) AS key
  FROM before FULL JOIN afterwards USING (place)
),
outcomes AS (
  SELECT key.id AS prediction_id, key."row" AS "row", arg_max(place, (outcome_time_us, place)) AS place
  FROM matched JOIN truths USING (place) GROUP BY ALL
),
judged AS (
  SELECT predictions.*, place, truths.label AS outcome_label, truths.number AS outcome_number,
    CASE WHEN place IS NOT NULL THEN {IS_RIGHT} END AS is_right
  FROM predictions LEFT JOIN outcomes USING (prediction_id, "row") LEFT JOIN truths USING (place)
)"""
"""What goes before a query, after ``predictions``: ``judged`` is each prediction with its outcome."""
