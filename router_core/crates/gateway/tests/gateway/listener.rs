//! Who may connect, and what others are told.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    client::{Client, MODEL_INFER, frame},
    world::{World, run, start},
};

const SERVER_LIVE: &str = "/inference.GRPCInferenceService/ServerLive";

async fn say(world: &World, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(world.server.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is closed before all was read from it is reset.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[test]
fn an_http1_client_is_told_what_this_port_speaks() {
    run(async {
        let world = start(json!({}));
        let answer = String::from_utf8(say(&world, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 505 "), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}: {}", body.len());
        assert!(body.contains("gRPC"));
    });
}

#[test]
fn a_tls_client_gets_an_alert() {
    run(async {
        let world = start(json!({}));
        assert_eq!(say(&world, &[0x16, 3, 1, 0, 1, 0]).await, [0x15, 3, 1, 0, 2, 2, 40]);
    });
}

#[test]
fn a_client_that_says_nothing_known_is_closed() {
    run(async {
        let world = start(json!({}));
        assert_eq!(say(&world, b"\x00\x01\x02").await, b"");
    });
}

#[test]
fn connections_beyond_the_limit_are_closed_until_one_ends() {
    run(async {
        let world = start(json!({ "max_connections": 1 }));
        let first = world.client().await;
        assert_eq!(first.call(SERVER_LIVE, &[], frame(&[])).await.unwrap().code(), 0);
        let second = world.client().await;
        assert!(second.call(SERVER_LIVE, &[], frame(&[])).await.is_err());
        first.connection.abort();
        drop(first);
        loop {
            let Ok(third) = Client::try_connect(world.server.address()).await else { continue };
            if third.call(SERVER_LIVE, &[], frame(&[])).await.is_ok() {
                return;
            }
        }
    });
}

#[test]
fn what_is_no_grpc_call_gets_an_http_status() {
    run(async {
        let world = start(json!({}));
        let stream = TcpStream::connect(world.server.address()).await.unwrap();
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::task::spawn_local(connection);
        for (method, content_type, status) in [
            ("GET", "application/grpc", 405),
            ("POST", "application/json", 415),
            ("POST", "application/grpc-web", 415),
        ] {
            let request = http::Request::builder().method(method).uri(format!("http://a{MODEL_INFER}"));
            let request = request.header("content-type", content_type).body(()).unwrap();
            let mut sender = sender.clone().ready().await.unwrap();
            let (response, _) = sender.send_request(request, true).unwrap();
            assert_eq!(response.await.unwrap().status(), status, "{method} {content_type}");
        }
    });
}
