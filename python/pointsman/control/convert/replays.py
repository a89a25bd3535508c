"""What decisions are made again from, and how they came out, as messages."""

from pointsman.control.convert.times import timestamp_of
from pointsman.domain.records.predictions import Prediction
from pointsman.domain.revisions import KeptRevision, earliest_record_us
from pointsman.v1 import prediction_pb2, record_pb2, router_pb2, snapshot_pb2


def replay_router(kept: KeptRevision) -> record_pb2.ReplayRouter:
    """Makes of a revision what the core decides by."""
    revision = kept.revision
    # Encoded messages that follow one another are one: the slots lie apart from the rest.
    slots = snapshot_pb2.RouterSnapshot(slot_runs=kept.slot_runs).SerializeToString()
    return record_pb2.ReplayRouter(
        first_generation=revision.generation,
        last_generation=revision.last_generation,
        earliest_time_us=earliest_record_us(revision),
        router=revision.snapshot + slots,
    )


def recorded_decision(prediction: Prediction) -> record_pb2.RecordedDecision:
    """Makes of a record what the core compares with the decision made again."""
    return record_pb2.RecordedDecision(
        time_us=prediction.time_us,
        variant=prediction.variant,
        model_id=prediction.model_id,
        model_version=prediction.model_version,
        decided_variant=prediction.decided_variant,
        reason=prediction.reason.value,
        randomised_by=prediction.randomised_by.value,
        propensity=prediction.propensity,
        draw=prediction.draw,
        slot=prediction.slot,
        entity_id=prediction.entity_id,
        allocation_version=prediction.allocation_version,
        epoch=prediction.epoch,
        replayable=prediction.replayable,
        eligible_variants=[
            prediction_pb2.EligibleVariant(variant=one.variant, propensity=one.propensity)
            for one in prediction.eligible
        ],
        rule=prediction.rule,
        rule_inputs=prediction.rule_inputs,
    )


def replayed_to(answer: record_pb2.ReplayAnswer) -> router_pb2.ReplayPredictionsResponse:
    """Makes the message of calls that were decided again."""
    return router_pb2.ReplayPredictionsResponse(
        counts=[
            router_pb2.ReplayCount(
                verdict=count.verdict,
                not_replayable=count.not_replayable,
                router_generation=count.router_generation,
                call_count=count.call_count,
            )
            for count in answer.counts
        ],
        examples=[
            router_pb2.ReplayExample(
                prediction_id=example.prediction_id,
                time=timestamp_of(example.time_us),
                router_generation=example.router_generation,
                variant=example.variant,
                redecision=example.redecision,
            )
            for example in answer.examples
        ],
    )
