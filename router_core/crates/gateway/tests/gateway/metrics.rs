//! What operators read.

use prost::Message;
use serde_json::json;

use crate::{
    backend::Backend,
    client::infer_request,
    world::{ROUTER, run, start, update},
};
use pointsman_wire::generated::pointsman_v1::RouterCounters;

#[test]
fn calls_show_in_the_metrics_the_counters_and_the_records() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({}));
        let mut recorded = update(7, &[backend.address()]);
        recorded.changed_routers[0].record_predictions = true;
        world.server.publish(&recorded.encode_to_vec()).unwrap();
        let client = world.client().await;
        for code in ["", "3"] {
            let answering = client.spawn_infer(&infer_request(ROUTER));
            let call = backend.call().await;
            if code.is_empty() {
                call.answer(&[])
            } else {
                call.fail(code, "no")
            }
            answering.await.unwrap();
        }
        assert_eq!(client.infer(&infer_request("nobody")).await.code(), 5);

        let text = world.server.metrics();
        let target = backend.address();
        for line in [
            r#"pointsman_requests_total{router="cancer",variant="lr",grpc_code="OK"} 1"#,
            r#"pointsman_requests_total{router="cancer",variant="lr",grpc_code="INVALID_ARGUMENT"} 1"#,
            r#"pointsman_rejected_requests_total{grpc_code="NOT_FOUND"} 1"#,
            r#"pointsman_variant_weight_ratio{router="cancer",variant="lr"} 1.0"#,
            r#"pointsman_backend_duration_seconds_bucket{le="+Inf",router="cancer",variant="lr"} 2"#,
            r#"pointsman_overhead_duration_seconds_count{router="cancer",variant="lr"} 2"#,
            r#"pointsman_records_dropped_total{router="cancer",variant="lr"} 0"#,
            r#"pointsman_build_info{version="1.2.3",build="debug"} 1"#,
            "pointsman_generation 7",
            "pointsman_connections 1",
            "pointsman_in_flight_requests 0",
            &format!("pointsman_backend_up{{backend=\"{target}\"}} 1"),
        ] {
            assert!(text.lines().any(|there| there == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));

        let counters = RouterCounters::decode(&world.server.router_counters(ROUTER)[..]).unwrap();
        let variant = &counters.variants[0];
        assert_eq!((variant.requests_by_code[0], variant.requests_by_code[3]), (1, 1));
    });
}

#[test]
fn a_router_that_came_in_place_of_another_one_counts_anew() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({}));
        let address = backend.address();
        let publish = |generation, incarnation| {
            let mut update = update(generation, &[address]);
            update.changed_routers[0].incarnation = incarnation;
            world.server.publish(&update.encode_to_vec()).unwrap();
        };
        let counted = || {
            let counters = RouterCounters::decode(&world.server.router_counters(ROUTER)[..]).unwrap();
            counters.variants.first().map_or(0, |variant| variant.requests_by_code[0])
        };
        publish(1, 5);
        let client = world.client().await;
        let answering = client.spawn_infer(&infer_request(ROUTER));
        backend.call().await.answer(&[]);
        answering.await.unwrap();
        publish(2, 5);
        assert_eq!(counted(), 1, "a change of a router keeps its counts");
        publish(3, 6);
        assert_eq!(counted(), 0, "the one who counted was deleted");
    });
}
