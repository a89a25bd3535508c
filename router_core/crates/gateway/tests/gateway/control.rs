//! Calls for the control plane.

use bytes::Bytes;
use h2::Reason;
use http::HeaderMap;
use serde_json::json;
use tokio::net::UnixListener;

use crate::{
    backend::{Backend, status},
    client::{Client, frame, next, read},
    world::{World, run, start},
};

const PATH: &str = "/pointsman.v1.RouterService/GetRouter";

async fn control_plane(limits: serde_json::Value) -> (World, Backend, Client) {
    let world = start(limits);
    world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
    let listener = UnixListener::bind(world.folder.path().join("control.sock")).unwrap();
    let client = world.client().await;
    (world, Backend::start_control(listener), client)
}

#[test]
fn the_control_plane_is_told_who_calls_and_believes_nobody_else() {
    run(async {
        let (_world, mut control, client) = control_plane(json!({})).await;
        let metadata = [
            ("x-pointsman-user", "root"),
            ("x-pointsman-role", "forged"),
            ("x-request-id", "two words"),
            ("grpc-timeout", "5S"),
            ("custom", "kept"),
        ];
        let (response, mut out) = client.begin(PATH, &metadata).await.unwrap();
        out.send_data(frame(b"question"), false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-pointsman-admin", "true".parse().unwrap());
        out.send_trailers(trailers).unwrap();
        let mut call = control.call().await;
        assert_eq!(call.header("x-pointsman-user"), Some("local"));
        assert_eq!(call.header("x-pointsman-admin"), Some("true"));
        assert_eq!(call.header("x-pointsman-scopes"), Some("mlops:read,mlops:write,mlops:predict"));
        assert!(call.header("x-pointsman-peer").unwrap().starts_with("127.0.0.1:"));
        assert_eq!(call.header("x-pointsman-role"), None);
        let left: u64 = call.header("grpc-timeout").unwrap().strip_suffix('u').unwrap().parse().unwrap();
        assert!((3_000_000..=5_000_000).contains(&left), "what is left of five seconds: {left} µs");
        assert_eq!(call.header("custom"), Some("kept"));
        let request_id = call.header("x-request-id").unwrap();
        assert!(request_id.len() == 16 && request_id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(call.message().await, "question");
        assert!(call.body.trailers().await.unwrap().is_none(), "trailers could forge metadata");
        call.answer(b"answer");
        assert_eq!(read(response).await.unwrap().message(), "answer");
    });
}

#[test]
fn an_answer_passes_as_a_stream() {
    run(async {
        let (_world, mut control, client) = control_plane(json!({})).await;
        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(b"question"), true).unwrap();
        let mut call = control.call().await;
        assert_eq!(call.message().await, "question");
        let mut answer = call.begin();
        let mut received = response.await.unwrap().into_body();
        for round in 0..3_u8 {
            answer.send_data(Bytes::from(vec![round + 10]), false).unwrap();
            assert_eq!(next(&mut received).await.unwrap().unwrap(), [round + 10][..]);
        }
        answer.send_trailers(status("7")).unwrap();
        assert!(next(&mut received).await.unwrap().is_none());
        assert_eq!(received.trailers().await.unwrap().unwrap()["grpc-status"], "7");
    });
}

#[test]
fn a_client_that_leaves_a_silent_stream_cancels_it() {
    run(async {
        let (_world, mut control, client) = control_plane(json!({})).await;
        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(b"watch"), true).unwrap();
        let mut call = control.call().await;
        call.message().await;
        let mut out = call.begin();
        let stream = response.await.unwrap().into_body();
        drop((stream, request));
        let reset = std::future::poll_fn(|context| out.poll_reset(context)).await.unwrap();
        assert_eq!(reset, Reason::CANCEL);
    });
}

#[test]
fn the_control_plane_takes_so_many_calls_at_a_time() {
    run(async {
        let limits = json!({ "max_in_flight_per_backend": 1, "max_queued_per_backend": 0 });
        let (world, mut control, client) = control_plane(limits).await;
        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(&[]), true).unwrap();
        let mut call = control.call().await;
        let other = world.client().await;
        assert_eq!(other.call(PATH, &[], frame(&[])).await.unwrap().code(), 8);
        call.begin().send_trailers(status("0")).unwrap();
        read(response).await.unwrap();
        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(&[]), true).unwrap();
        control.call().await.answer(b"");
        assert_eq!(read(response).await.unwrap().code(), 0);
    });
}

#[test]
fn a_call_whose_message_is_not_here_holds_no_place() {
    run(async {
        let limits = json!({ "max_in_flight_per_backend": 1, "max_queued_per_backend": 0 });
        let (_world, mut control, client) = control_plane(limits).await;
        let mut unfinished = Vec::new();
        for _ in 0..40 {
            let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
            request.send_data(frame(b"question").slice(..9), false).unwrap();
            unfinished.push((response, request));
        }
        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(b"question"), true).unwrap();
        let mut call = control.call().await;
        assert_eq!(call.message().await, "question");
        call.answer(b"answer");
        assert_eq!(read(response).await.unwrap().message(), "answer");
    });
}

#[test]
fn calls_of_one_connection_leave_places_to_the_others() {
    run(async {
        let limits = json!({ "max_in_flight_per_backend": 32, "max_queued_per_backend": 0 });
        let (world, mut control, client) = control_plane(limits).await;
        let mut unanswered = Vec::new();
        for _ in 0..40 {
            let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
            request.send_data(frame(b"question"), true).unwrap();
            unanswered.push(response);
        }
        let held = [control.call().await, control.call().await];
        let other = world.client().await;
        let (response, mut request) = other.begin(PATH, &[("custom", "honest")]).await.unwrap();
        request.send_data(frame(b"question"), true).unwrap();
        let call = control.call().await;
        assert_eq!(call.header("custom"), Some("honest"), "a connection may hold 2 of 32 places");
        call.answer(b"answer");
        assert_eq!(read(response).await.unwrap().message(), "answer");
        drop(held);
    });
}

#[test]
fn a_control_plane_that_hangs_holds_no_call_beyond_the_deadline() {
    run(async {
        let limits = json!({ "default_deadline_seconds": 0.2, "max_in_flight_per_backend": 1 });
        let (_world, mut control, client) = control_plane(limits).await;
        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(b"question"), true).unwrap();
        let silent = control.call().await;
        assert!(
            silent.header("grpc-timeout").is_some(),
            "the control plane knows when nobody waits any more"
        );
        assert_eq!(read(response).await.unwrap().code(), 4, "no answer at all");

        let (response, mut request) = client.begin(PATH, &[]).await.unwrap();
        request.send_data(frame(b"question"), true).unwrap();
        let mut call = control.call().await;
        let mut out = call.begin();
        out.send_data(frame(b"half"), false).unwrap();
        assert_eq!(read(response).await.unwrap().code(), 4, "an answer without an end");

        let (response, _never_finished) = client.begin(PATH, &[]).await.unwrap();
        assert_eq!(read(response).await.unwrap().code(), 4, "a message without an end");
    });
}

#[test]
fn a_message_is_bounded_by_what_its_method_takes() {
    run(async {
        let (world, _control, client) = control_plane(json!({ "message_timeout_seconds": 0.2 })).await;
        for (path, most) in [(PATH, 64 << 10), ("/pointsman.v1.RouterService/CreateRouter", 4 << 20)] {
            for (length, code) in [(most, 4), (most + 1, 8)] {
                let (response, mut request) = client.begin(path, &[]).await.unwrap();
                let prefix = [&[0][..], &u32::try_from(length).unwrap().to_be_bytes()].concat();
                request.send_data(prefix.into(), false).unwrap();
                let answer = read(response).await.unwrap();
                assert_eq!(answer.code(), code, "{path}: {length} bytes announced: {}", answer.text());
            }
        }
        assert_eq!(world.metric("pointsman_body_budget_held_bytes"), 0.0);
    });
}

#[test]
fn a_method_that_is_not_there_is_said_so_by_the_data_plane() {
    run(async {
        let (_world, _control, client) = control_plane(json!({})).await;
        for path in ["/pointsman.v1.RouterService/Nothing", "/nobody.Service/Method", "/"] {
            let (response, _request) = client.begin(path, &[]).await.unwrap();
            assert_eq!(read(response).await.unwrap().code(), 12, "{path}");
        }
    });
}

#[test]
fn routing_goes_on_without_a_control_plane() {
    run(async {
        let (_world, control, client) = control_plane(json!({})).await;
        drop(control);
        let answer = client.call(PATH, &[], frame(&[])).await.unwrap();
        assert_eq!(answer.code(), 14);
        assert!(answer.text().contains("the control plane"), "{}", answer.text());
        let answer =
            client.call("/inference.GRPCInferenceService/ServerLive", &[], frame(&[])).await.unwrap();
        assert_eq!(answer.message(), [8, 1][..]);
    });
}
