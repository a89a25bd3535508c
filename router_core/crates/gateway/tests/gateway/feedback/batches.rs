//! Batches, and what an answer waits for.

use pointsman_wire::generated::pointsman_v1::{FeedbackOutcome, FeedbackWait, RecordFeedbackRequest};
use prost::Message;

use super::{
    BATCH, RECORD, about, apply, id, journalled, outcome, positions, published, record_batch, world_of,
};
use crate::{
    client::{frame, read},
    world::run,
};

#[test]
fn a_caller_that_waits_learns_what_came_of_its_value() {
    run(async {
        let (world, client) = world_of(&published()).await;
        for expected in [FeedbackOutcome::Applied, FeedbackOutcome::Conflict] {
            let request = RecordFeedbackRequest { wait: FeedbackWait::Applied.into(), ..about(id(1), 1.0) };
            let seen = journalled(&world).len();
            let (response, mut out) = client.begin(RECORD, &[]).await.unwrap();
            out.send_data(frame(&request.encode_to_vec()), true).unwrap();
            let position = positions(&world, seen + 1).await.pop().unwrap();
            apply(&world, &[(position, expected)]);
            assert_eq!(outcome(&read(response).await.unwrap()), expected);
        }
    });
}

#[test]
fn a_wait_beyond_the_deadline_says_that_the_value_is_recorded() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let request = RecordFeedbackRequest { wait: FeedbackWait::Applied.into(), ..about(id(1), 1.0) };
        let body = frame(&request.encode_to_vec());
        let answer = client.call(RECORD, &[("grpc-timeout", "300m")], body).await.unwrap();
        assert_eq!(answer.code(), 4);
        assert!(answer.text().contains("is recorded and will be applied once"), "{}", answer.text());
        assert_eq!(journalled(&world).len(), 1);
    });
}

#[test]
fn values_of_a_batch_are_answered_each_by_itself_and_kept_in_order() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let mut feedback: Vec<_> = (0..600).map(|number| about(id(number), number as f64)).collect();
        feedback[3].value = f64::NAN;
        feedback[599].prediction_id = "forged".to_owned();
        let answer = record_batch(&client, feedback, FeedbackWait::Unspecified).await.unwrap();
        assert_eq!(answer.results.len(), 600);
        for (number, result) in answer.results.iter().enumerate() {
            let expected = if [3, 599].contains(&number) { (0, 3) } else { (4, 0) };
            assert_eq!((result.outcome, result.code), expected, "{number}: {}", result.message);
        }
        assert!(answer.results[3].message.starts_with("value: NaN"), "{}", answer.results[3].message);
        let values: Vec<f64> = journalled(&world).iter().map(|entry| entry.value).collect();
        let expected: Vec<f64> = (0..599).filter(|number| *number != 3).map(f64::from).collect();
        assert_eq!(values, expected);
        let nothing = record_batch(&client, Vec::new(), FeedbackWait::Applied).await.unwrap();
        assert!(nothing.results.is_empty());
    });
}

#[test]
fn a_batch_that_waits_tells_the_outcome_of_each_value() {
    run(async {
        use FeedbackOutcome::{Applied, Conflict, Duplicate, Unspecified};
        let (world, client) = world_of(&published()).await;
        let mut feedback: Vec<_> = (0..4).map(|number| about(id(number), 1.0)).collect();
        feedback[1].row = -1;
        let applying = async {
            let positions = positions(&world, 3).await;
            // The first is told in a round of its own.
            apply(&world, &[(positions[0], Duplicate)]);
            apply(&world, &[(positions[1], Conflict), (positions[2], Applied)]);
        };
        let (answer, ()) = tokio::join!(record_batch(&client, feedback, FeedbackWait::Applied), applying);
        let outcomes: Vec<_> = answer.unwrap().results.iter().map(|result| result.outcome()).collect();
        assert_eq!(outcomes, [Duplicate, Unspecified, Conflict, Applied]);
    });
}

#[test]
fn a_batch_has_a_limit_that_the_refusal_names() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let empty = vec![RecordFeedbackRequest::default(); 10_001];
        let (code, text) = record_batch(&client, empty, FeedbackWait::Durable).await.unwrap_err();
        assert_eq!(code, 3);
        assert!(text.starts_with("feedback: 10001 values are more") && text.contains("10000"), "{text}");
        let most = vec![about(id(1), 1.0); 10_000];
        let answer = record_batch(&client, most, FeedbackWait::Durable).await.unwrap();
        assert!(answer.results.iter().all(|result| result.code == 0));
        assert_eq!(journalled(&world).len(), 10_000);
        let garbage = client.call(BATCH, &[], frame(&[0x0a, 5, 1])).await.unwrap();
        assert_eq!(garbage.code(), 3);
    });
}
