//! Whose prediction a value is about: the router as it is now, and for how long.

use pointsman_model::CLOCK_SKEW_US;
use pointsman_wire::generated::pointsman_v1::FeedbackOutcome;
use prost::Message;

use super::{DAY_US, about, journalled, now_us, outcome, published, record, signed, signed_as, world_of};
use crate::{
    client::Client,
    world::{ROUTER, World, run, update},
};

#[test]
fn feedback_ends_with_the_horizon_and_with_the_router() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let made = |time_us| about(signed(ROUTER, time_us, 1, false, [7; 32]), 1.0);
        let young = record(&client, &made(now_us() - 90 * DAY_US - CLOCK_SKEW_US + 60_000_000)).await;
        assert_eq!(outcome(&young), FeedbackOutcome::Recorded);
        let old = record(&client, &made(now_us() - 90 * DAY_US - CLOCK_SKEW_US - 1)).await;
        assert_eq!(old.code(), 9);
        assert!(old.text().contains("older than 90 days"), "{}", old.text());
        let mut later = update(2, &["127.0.0.1:1".parse().unwrap()]);
        later.feedback_horizon_us = 3_600_000_000;
        world.server.publish(&later.encode_to_vec()).unwrap();
        assert_eq!(record(&client, &made(now_us() - CLOCK_SKEW_US - 3_700_000_000)).await.code(), 9);
        assert_eq!(record(&client, &made(now_us() + 1_000)).await.code(), 0);
        let unknown = record(&client, &about(signed("nobody", now_us(), 1, false, [7; 32]), 1.0)).await;
        assert_eq!(unknown.code(), 5);
        assert!(unknown.text().contains("\"nobody\" does not exist"), "{}", unknown.text());
    });
}

/// A world whose router is of an incarnation and was created now: answers when.
async fn world_of_incarnation(incarnation: u64) -> (World, Client, u64) {
    let mut update = published();
    let created_us = now_us();
    update.changed_routers[0].incarnation = incarnation;
    update.changed_routers[0].create_time_us = created_us.cast_signed();
    let (world, client) = world_of(&update).await;
    (world, client, created_us)
}

#[test]
fn whose_prediction_it_is_no_clock_tells_but_the_incarnation() {
    run(async {
        let (world, client, created_us) = world_of_incarnation(7).await;
        let made = |incarnation, time_us| {
            about(signed_as(ROUTER, time_us, 1, [7; 32], |said| said.incarnation = incarnation), 1.0)
        };
        // A server whose clock is two hours behind made it, or one whose clock is ahead.
        for time_us in [created_us - 2 * CLOCK_SKEW_US, created_us + 1, created_us + 2 * CLOCK_SKEW_US] {
            assert_eq!(record(&client, &made(7, time_us)).await.code(), 0, "{time_us}");
            let former = record(&client, &made(6, time_us)).await;
            assert_eq!(former.code(), 5, "a former router of this id made it at {time_us}");
        }
        assert!(journalled(&world).iter().all(|entry| entry.router_incarnation == 7));
        assert_eq!(journalled(&world).len(), 3);
    });
}

#[test]
fn an_id_without_incarnation_is_taken_from_a_clock_that_is_an_hour_behind() {
    run(async {
        let (world, client, created_us) = world_of_incarnation(7).await;
        let made = |time_us| about(signed(ROUTER, time_us, 1, false, [7; 32]), 1.0);
        assert_eq!(record(&client, &made(created_us - 600_000_000)).await.code(), 0);
        assert_eq!(record(&client, &made(created_us - CLOCK_SKEW_US)).await.code(), 0);
        assert_eq!(record(&client, &made(created_us - CLOCK_SKEW_US - 1)).await.code(), 5);
        assert_eq!(journalled(&world)[0].router_incarnation, 7, "it was judged to be this router's");
    });
}
