//! What was acknowledged is there: in a full journal, and after a restart.

use pointsman_wire::generated::pointsman_v1::{FeedbackOutcome, FeedbackWait};
use prost::Message;
use serde_json::json;

use super::{about, apply, id, journalled, outcome, positions, published, record, record_batch, world_of};
use crate::world::{World, run, start_journal};

#[test]
fn a_full_journal_refuses_feedback_until_there_is_room_again() {
    run(async {
        let world = start_journal(json!({ "max_feedback_bytes": 4 << 20, "segment_bytes": 65_536 }));
        world.server.publish(&published().encode_to_vec()).unwrap();
        let client = world.client().await;
        let mut taken = 0;
        let refused = loop {
            let many = (0..5_000).map(|number| about(id(number), 1.0)).collect();
            let answer = record_batch(&client, many, FeedbackWait::Durable).await.unwrap();
            taken += answer.results.iter().filter(|result| result.code == 0).count();
            if let Some(refused) = answer.results.into_iter().find(|result| result.code != 0) {
                break refused;
            }
        };
        assert_eq!(refused.code, 14);
        assert!(refused.message.contains("the journal takes no more entries"), "{}", refused.message);
        assert_eq!(journalled(&world).len(), taken, "what was acknowledged is there, and nothing else");
        let last = positions(&world, taken).await.pop().unwrap();
        apply(&world, &[(last, FeedbackOutcome::Applied)]);
        assert_eq!(outcome(&record(&client, &about(id(1), 1.0)).await), FeedbackOutcome::Recorded);
    });
}

#[test]
fn acknowledged_feedback_is_there_after_a_restart() {
    run(async {
        let (world, client) = world_of(&published()).await;
        for number in 0..5 {
            assert_eq!(
                outcome(&record(&client, &about(id(number), number as f64)).await),
                FeedbackOutcome::Recorded
            );
        }
        drop(client);
        let World { server, folder } = world;
        tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
        let world = crate::world::start_in(folder, 1, json!({}));
        let values: Vec<f64> = journalled(&world).iter().map(|entry| entry.value).collect();
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0]);
        // The kept state knows the keys: feedback is taken before anything is published.
        let client = world.client().await;
        assert_eq!(outcome(&record(&client, &about(id(9), 9.0)).await), FeedbackOutcome::Recorded);
    });
}
