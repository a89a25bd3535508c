//! Nothing waits for ever, and nothing piles up.

use std::{
    future::poll_fn,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use h2::Reason;
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Client, MODEL_INFER, flagged_frame, frame, infer_request, read},
    world::{ROUTER, router, run, start, update},
};
use pointsman_wire::generated::{inference::ModelInferResponse, pointsman_v1::RouterSnapshot};
use prost::Message;

const HELD: &str = "pointsman_body_budget_held_bytes";
const MODEL_READY: &str = "/inference.GRPCInferenceService/ModelReady";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_deadline_ends_the_call_on_both_sides() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let calling = client.call(MODEL_INFER, &[("grpc-timeout", "100m")], frame(&infer_request(ROUTER)));
        let serving = async {
            let mut call = backend.call().await;
            assert_eq!(call.reset().await, Reason::CANCEL);
        };
        let (answer, ()) = tokio::join!(calling, serving);
        let answer = answer.unwrap();
        assert_eq!(answer.code(), 4);
        assert!(answer.text().starts_with("variant lr: "), "{}", answer.text());
    });
}

#[test]
fn a_call_without_a_deadline_gets_the_routers_or_the_servers() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({ "default_deadline_seconds": 3.0 }));
        let client = world.client().await;
        for (generation, default_timeout_ms) in [(1, 0), (2, 50_000)] {
            let mut timed = update(generation, &[backend.address()]);
            timed.changed_routers = vec![RouterSnapshot { default_timeout_ms, ..router() }];
            world.server.publish(&timed.encode_to_vec()).unwrap();
            let answering = client.spawn_infer(&infer_request(ROUTER));
            let call = backend.call().await;
            let left: u64 = call.header("grpc-timeout").unwrap().strip_suffix('u').unwrap().parse().unwrap();
            let timeout = if default_timeout_ms > 0 { 50_000_000 } else { 3_000_000 };
            assert!((timeout - 2_000_000..timeout).contains(&left), "{left}");
            call.answer(&[]);
            assert_eq!(answering.await.unwrap().code(), 0);
        }
    });
}

#[test]
fn no_client_names_a_deadline_beyond_the_longest() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({ "max_deadline_seconds": 5.0 }));
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let headers = [("grpc-timeout", "99999999H")];
        let calling = client.call(MODEL_INFER, &headers, frame(&infer_request(ROUTER)));
        let answering = async {
            let call = backend.call().await;
            let left: u64 = call.header("grpc-timeout").unwrap().strip_suffix('u').unwrap().parse().unwrap();
            assert!(left <= 5_000_000, "{left}");
            call.answer(&[]);
        };
        assert_eq!(tokio::join!(calling, answering).0.unwrap().code(), 0);
    });
}

#[test]
fn a_request_that_never_ends_runs_into_its_deadline() {
    run(async {
        let world = start(json!({}));
        world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
        let client = world.client().await;
        let (response, mut out) = client.begin(MODEL_INFER, &[("grpc-timeout", "50m")]).await.unwrap();
        out.send_data(Bytes::from_static(&[0, 0, 0, 1, 0, 1]), false).unwrap();
        assert_eq!(read(response).await.unwrap().code(), 4);
        assert_eq!(world.metric("pointsman_body_budget_held_bytes"), 0.0);
    });
}

#[test]
fn a_full_backend_queues_and_a_full_queue_refuses() {
    run(async {
        let limits = json!({ "max_in_flight_per_backend": 1, "max_queued_per_backend": 1 });
        let (world, mut backend) = (start(limits), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let first = client.spawn_infer(&infer_request(ROUTER));
        let held = backend.call().await;
        let mut second = client.spawn_infer(&infer_request(ROUTER));
        let mut third = client.spawn_infer(&infer_request(ROUTER));
        let (refused, queued) = tokio::select! {
            answer = &mut second => (answer.unwrap(), third),
            answer = &mut third => (answer.unwrap(), second),
        };
        assert_eq!(refused.code(), 8);
        assert!(refused.text().contains("limits.max_in_flight_per_backend"), "{}", refused.text());
        held.answer(&[]);
        backend.call().await.answer(&[]);
        assert_eq!((first.await.unwrap().code(), queued.await.unwrap().code()), (0, 0));
    });
}

/// Part of a message of 60,000 bytes.
fn cut(arrived: usize) -> Bytes {
    frame(&vec![0; 60_000]).slice(..5 + arrived)
}

#[test]
fn messages_that_arrive_slowly_share_the_budget() {
    run(async {
        let world = start(json!({ "body_budget_bytes": 100_000 }));
        world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
        let client = world.client().await;
        let (_response, mut out) = client.begin(MODEL_INFER, &[]).await.unwrap();
        out.send_data(cut(50_000), false).unwrap();
        while world.metric(HELD) < 50_000.0 {
            tokio::task::yield_now().await;
        }
        let (response, mut second) = client.begin(MODEL_INFER, &[]).await.unwrap();
        second.send_data(cut(50_001), false).unwrap();
        let answer = read(response).await.unwrap();
        assert_eq!(answer.code(), 8);
        assert!(answer.text().contains("limits.body_budget_bytes"), "{}", answer.text());
    });
}

#[test]
fn what_is_announced_and_not_sent_takes_nothing_from_others() {
    run(async {
        let (world, backend) = (start(json!({ "body_budget_bytes": 100_000 })), Backend::start().await);
        world.publish(1, &[backend.address()]);
        backend.answer_all();
        let client = world.client().await;
        let mut unfinished = Vec::new();
        for _ in 0..20 {
            let (response, mut out) = client.begin(MODEL_INFER, &[("grpc-encoding", "gzip")]).await.unwrap();
            // Sixteen megabytes are announced.
            out.send_data(Bytes::from_static(&[1, 0, 0xff, 0xff, 0xff, 0]), false).unwrap();
            unfinished.push((response, out));
        }
        while world.metric(HELD) == 0.0 {
            tokio::task::yield_now().await;
        }
        let (response, mut out) = client.begin(MODEL_INFER, &[("grpc-encoding", "gzip")]).await.unwrap();
        let packed = flagged_frame(1, &gzip(&infer_request(ROUTER)));
        out.send_data(packed.slice(..9), false).unwrap();
        out.send_data(packed.slice(9..), true).unwrap();
        assert_eq!(read(response).await.unwrap().code(), 0);
        drop(unfinished);
        while world.metric(HELD) > 0.0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_slow_sender_of_a_large_message_gives_its_backend_back() {
    run(async {
        let mut backend = Backend::start().await;
        let world = start(json!({ "message_timeout_seconds": 0.2, "max_in_flight_per_backend": 1 }));
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (response, mut out) = client.begin(MODEL_INFER, &[("grpc-timeout", "1H")]).await.unwrap();
        // A tensor of a megabyte, of which nothing comes.
        let head = [&[0, 0, 0x10, 0, 0][..], &infer_request(ROUTER), &[0x3a, 0xf2, 0xff, 0x3f]].concat();
        out.send_data(head.into(), false).unwrap();
        let mut call = backend.call().await;
        assert!(call.sent().await.is_err());
        let answer = read(response).await.unwrap();
        assert_eq!(answer.code(), 4);
        assert!(answer.text().contains("limits.message_timeout_seconds"), "{}", answer.text());
        let next = client.spawn_infer(&infer_request(ROUTER));
        backend.call().await.answer(&[]);
        assert_eq!(next.await.unwrap().code(), 0);
    });
}

#[test]
fn a_slow_sender_is_ended_whatever_its_deadline() {
    run(async {
        let world = start(json!({ "message_timeout_seconds": 0.1 }));
        world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
        let client = world.client().await;
        for path in [MODEL_INFER, "/pointsman.v1.PredictionService/RecordFeedback", MODEL_READY] {
            let (response, mut out) = client.begin(path, &[("grpc-timeout", "1H")]).await.unwrap();
            out.send_data(cut(10), false).unwrap();
            let answer = read(response).await.unwrap();
            assert_eq!(answer.code(), 4, "{path}");
            assert!(answer.text().contains("limits.message_timeout_seconds"), "{path}: {}", answer.text());
        }
        assert_eq!(world.metric(HELD), 0.0);
    });
}

#[test]
fn an_answer_larger_than_the_clients_window_passes_as_it_opens() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let mut narrow = h2::client::Builder::new();
        narrow.initial_window_size(100);
        let client = Client::connect_with(&narrow, world.server.address()).await.unwrap();
        let answering = client.spawn_infer(&infer_request(ROUTER));
        let answer =
            ModelInferResponse { raw_output_contents: vec![vec![7; 5_000].into()], ..Default::default() };
        backend.call().await.answer(&answer.encode_to_vec());
        assert!(answering.await.unwrap().message().starts_with(&answer.encode_to_vec()));
    });
}

#[test]
fn a_client_that_does_not_read_holds_its_backend_back() {
    run(async {
        const LENGTH: usize = 12 << 20;
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let (response, mut request) = client.begin(MODEL_INFER, &[("grpc-timeout", "1000m")]).await.unwrap();
        request.send_data(frame(&infer_request(ROUTER)), true).unwrap();
        let mut call = backend.call().await;
        call.message().await;
        let mut out = call.begin();
        let length = u32::try_from(LENGTH).unwrap().to_be_bytes();
        out.send_data([&[0][..], &length].concat().into(), false).unwrap();
        let passed = Arc::new(AtomicUsize::new(0));
        let sending = async {
            while passed.load(Relaxed) < LENGTH {
                out.reserve_capacity(64 << 10);
                let Some(Ok(granted)) = poll_fn(|context| out.poll_capacity(context)).await else { return };
                out.send_data(vec![0; granted].into(), false).unwrap();
                passed.fetch_add(granted, Relaxed);
            }
        };
        let reading = async {
            // Its window is never opened again, so the deadline ends the call.
            let mut stream = response.await.unwrap().into_body();
            while stream.data().await.is_some_and(|data| data.is_ok()) {}
        };
        tokio::join!(sending, reading);
        let passed = passed.load(Relaxed);
        assert!(passed < 4 << 20, "{passed} of {LENGTH} bytes were taken from the backend");
    });
}
