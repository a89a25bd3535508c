//! Single values: what is taken with all that its id says, and what is refused by its field.

use pointsman_wire::generated::pointsman_v1::{
    FeedbackOutcome, MetricDefinition, MetricType, RecordFeedbackRequest, RecordFeedbackResponse,
};
use prost::Message;
use prost_types::Timestamp;

use super::{DAY_US, about, id, journalled, now_us, outcome, published, record, signed, signed_as, world_of};
use crate::world::{ROUTER, run};

#[test]
fn an_acknowledged_value_is_in_the_journal_with_all_that_the_id_says() {
    run(async {
        let mut update = published();
        update.changed_routers[0].allow_feedback_corrections = true;
        let (world, client) = world_of(&update).await;
        let made_us = now_us() - 7 * DAY_US;
        let request = RecordFeedbackRequest {
            metric: "clicks".to_owned(),
            row: 4,
            observe_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
            ..about(signed(ROUTER, made_us, 1, false, [7; 32]), 2.5)
        };
        let answer = record(&client, &request).await;
        let response = RecordFeedbackResponse::decode(answer.message()).unwrap();
        assert_eq!(response.outcome(), FeedbackOutcome::Recorded);
        assert_eq!(response.prediction_id, request.prediction_id);
        let pinned = signed(ROUTER, made_us, 2, true, [7; 32]);
        assert_eq!(outcome(&record(&client, &about(pinned, 1.0)).await), FeedbackOutcome::Recorded);

        let entries = journalled(&world);
        let [first, second] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((&first.prediction_id, first.row), (&request.prediction_id, 4));
        assert_eq!(
            (&*first.metric, first.value, first.observe_time_us),
            ("clicks", 2.5, 1_700_000_000_000_005)
        );
        assert_eq!((&*first.router_id, &*first.variant), (ROUTER, "lr"));
        assert_eq!((first.epoch, first.propensity), (3, 0.25));
        assert_eq!(first.prediction_time_us, made_us.cast_signed());
        assert!(first.counted && first.corrects);
        assert!(first.receive_time_us.unsigned_abs() >= made_us + 7 * DAY_US);
        assert_eq!((&*second.metric, second.counted), ("reward", false), "pinned calls enter no totals");
        assert_eq!(second.observe_time_us, second.receive_time_us);
    });
}

#[test]
fn a_wrong_value_is_refused_by_its_field_and_not_recorded() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let good = || about(id(1), 1.0);
        let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
        let cases = [
            (
                "metric: \"not a name\" is not",
                RecordFeedbackRequest { metric: "not a name".to_owned(), ..good() },
            ),
            ("value: NaN is not", about(id(1), f64::NAN)),
            ("value: inf is not", about(id(1), f64::INFINITY)),
            ("value: 1e200 is not a number from -1e100 to 1e100", about(id(1), 1e200)),
            ("row: -1 is not", RecordFeedbackRequest { row: -1, ..good() }),
            ("row: 1000001 is not", RecordFeedbackRequest { row: 1_000_001, ..good() }),
            ("observe_time: 0s -1ns", RecordFeedbackRequest { observe_time: time(0, -1), ..good() }),
            (
                "observe_time: 2100-01-01T00:00:00Z is more than a day from now",
                RecordFeedbackRequest { observe_time: time(4_102_444_800, 0), ..good() },
            ),
            (
                "observe_time: 1970-01-21T18:42:23Z is before 1990",
                RecordFeedbackRequest { observe_time: time(1_795_343, 0), ..good() },
            ),
            (
                "observe_time: 253402300800s",
                RecordFeedbackRequest { observe_time: time(253_402_300_800, 0), ..good() },
            ),
            ("wait: 7 is none", RecordFeedbackRequest { wait: 7, ..good() }),
            ("entity_id: stands beside", RecordFeedbackRequest { entity_id: "e".to_owned(), ..good() }),
            (
                "router_id: \"other\" did not",
                RecordFeedbackRequest { router_id: "other".to_owned(), ..good() },
            ),
            ("prediction_id: is not base64url", about("é".to_owned(), 1.0)),
            ("prediction_id: is too long", about("A".repeat(5_000), 1.0)),
            (
                "prediction_id: the signature is wrong",
                about(signed(ROUTER, now_us(), 1, false, [8; 32]), 1.0),
            ),
        ];
        for (expected, request) in cases {
            let answer = record(&client, &request).await;
            assert_eq!(answer.code(), 3, "{expected}");
            assert!(answer.text().starts_with(expected), "{} instead of {expected}", answer.text());
            assert!(!answer.header("grpc-status-details-bin").is_empty(), "{expected}");
        }
        let neither = record(&client, &RecordFeedbackRequest::default()).await;
        assert_eq!(neither.code(), 3);
        assert!(neither.text().contains("router_id and entity_id"), "{}", neither.text());
        let several = RecordFeedbackRequest { row: -1, ..about(id(1), f64::NAN) };
        assert!(record(&client, &several).await.text().contains("; row: -1"), "all of it is named");
        assert!(journalled(&world).is_empty());
        assert_eq!(
            outcome(&record(&client, &RecordFeedbackRequest { row: 1_000_000, ..good() }).await),
            FeedbackOutcome::Recorded
        );
    });
}

#[test]
fn feedback_for_a_row_that_the_prediction_did_not_have_is_refused() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let of = |row_limit, row| {
            let prediction_id = signed_as(ROUTER, now_us(), 1, [7; 32], |said| said.row_limit = row_limit);
            RecordFeedbackRequest { row, ..about(prediction_id, 1.0) }
        };
        for (row_limit, row, said) in [
            (3, 7, "row: 7 is none of the prediction's, which had the rows 0 to 2"),
            (3, 3, "row: 3 is none of the prediction's, which had the rows 0 to 2"),
            (1, 1, "row: 1 is none of the prediction's, which had one row; leave it out, or send 0"),
        ] {
            let refused = record(&client, &of(row_limit, row)).await;
            assert!(refused.text().contains(said), "{}", refused.text());
        }
        // An id that does not say takes any row, as those of earlier releases do.
        for (row_limit, row) in [(3, 2), (1, 0), (0, 7)] {
            let taken = record(&client, &of(row_limit, row)).await;
            assert_eq!(outcome(&taken), FeedbackOutcome::Recorded);
        }
        assert_eq!(journalled(&world).len(), 3);
    });
}

#[test]
fn every_altered_id_is_refused() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let good = id(9);
        for place in 0..good.len() - 1 {
            let mut altered = good.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(record(&client, &about(altered, 1.0)).await.code(), 3, "place {place}");
        }
        assert!(journalled(&world).is_empty());
    });
}

#[test]
fn a_router_that_declares_metrics_takes_no_others() {
    run(async {
        let mut update = published();
        let declared = |name: &str, kind: MetricType| MetricDefinition {
            name: name.to_owned(),
            r#type: kind.into(),
            ..Default::default()
        };
        let stars = MetricDefinition { max_value: Some(5.0), ..declared("stars", MetricType::Number) };
        update.changed_routers[0].metrics = vec![declared("clicked", MetricType::Binary), stars];
        let (world, client) = world_of(&update).await;
        let bring = async |metric: &str, value| {
            let request = RecordFeedbackRequest { metric: metric.to_owned(), ..about(id(1), value) };
            record(&client, &request).await
        };
        assert_eq!(bring("clicked", 1.0).await.code(), 0);
        assert_eq!(bring("stars", 5.0).await.code(), 0);
        for (metric, value, expected) in [
            ("", 1.0, "metric: \"reward\" is none of the metrics of router cancer, clicked, stars"),
            ("clicked", 0.5, "value: 0.5 is neither 0 nor 1"),
            ("stars", 5.5, "value: 5.5 is above 5"),
        ] {
            let answer = bring(metric, value).await;
            assert_eq!(answer.code(), 3);
            assert!(answer.text().starts_with(expected), "{}", answer.text());
        }
        assert_eq!(journalled(&world).len(), 2);
    });
}
